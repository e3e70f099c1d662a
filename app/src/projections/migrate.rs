//! Migrations: the SQL files under `migrations/`, built into the program, for every schema.

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

/// All migrations this program knows.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Who may do what, applied after the migrations every time.
const PRIVILEGES: &str = include_str!("privileges.sql");

/// A migration by number and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number: yyyymmddhhmmss.
    pub version: i64,
    /// What it is about.
    pub description: String,
}

/// Why migrating failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be reached.
    #[error("cannot reach the database to migrate it: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration cannot be applied.
    #[error("the database was not migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Roles cannot be made or given their rights.
    #[error("the database is migrated, but its roles have not got their rights: {0}")]
    Privileges(sqlx::Error),
}

/// The migrations that the database does not have yet, in order.
///
/// # Errors
/// When the database cannot be reached.
pub async fn pending(database: &PgConnectOptions) -> Result<Vec<Migration>, MigrateError> {
    let mut connection = database.connect().await?;
    let pending = pending_on(&mut connection).await?;
    connection.close().await?;
    Ok(pending)
}

async fn pending_on(connection: &mut PgConnection) -> Result<Vec<Migration>, sqlx::Error> {
    let table =
        sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "t!""#)
            .fetch_one(&mut *connection)
            .await?;
    let mut applied: Vec<i64> = Vec::new();
    if table {
        // Not checked at build time: the table is the migrator's own.
        applied = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *connection)
            .await?;
    }
    let known = MIGRATIONS.iter().filter(|known| !applied.contains(&known.version));
    let known = known.map(|known| Migration {
        version: known.version,
        description: known.description.to_string(),
    });
    Ok(known.collect())
}

/// Brings the database to this program's schema, gives the database roles their rights, and
/// says what was applied. Safe to call from several places at once: both take a lock.
///
/// # Errors
/// When the database cannot be reached, was migrated by a newer program, or a migration fails.
pub async fn run(database: &PgConnectOptions) -> Result<Vec<Migration>, MigrateError> {
    let mut connection = database.connect().await?;
    let pending = pending_on(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await?;
    privileges(&mut connection).await.map_err(MigrateError::Privileges)?;
    connection.close().await?;
    Ok(pending)
}

async fn privileges(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(PRIVILEGES).execute(&mut *transaction).await?;
    transaction.commit().await
}
