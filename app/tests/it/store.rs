//! Postgres: the private server, projections and history, against a real server.
//!
//! All tests but those that stop Postgres share one server, each with its own database.

#![allow(clippy::unwrap_used)]

mod history;
mod migrations;
mod node;
mod password;
mod plans;
mod private_postgres;
mod projection;
mod rules;
mod stream;
mod trades;
mod trouble;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::sync::OnceCell;
use zaraba::dev::postgres::{self, PrivatePostgres, PrivatePostgresError};
use zaraba::projections::migrate;

/// Whether Postgres is here; says by name when a test is skipped for it.
fn postgres_is_here(test: &str) -> bool {
    let here = postgres::installed();
    if !here {
        crate::skipped(&format!("store::{test}"), "PostgreSQL is not installed");
    }
    here
}

/// The server that the tests share; the kernel stops it when this process is gone.
async fn shared_server() -> &'static PrivatePostgres {
    static SERVER: OnceCell<PrivatePostgres> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-postgres");
            loop {
                match PrivatePostgres::start(&dir, 0).await {
                    // Another run of these tests.
                    Err(PrivatePostgresError::InUse { .. }) => {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                    started => return hurried(started.unwrap()).await,
                }
            }
        })
        .await
}

/// Nothing here outlives the tests, so the disk need not be waited for.
async fn hurried(server: PrivatePostgres) -> PrivatePostgres {
    let options = PgConnectOptions::from_str(&server.url()).unwrap();
    let mut connection = options.connect().await.unwrap();
    sqlx::query("ALTER SYSTEM SET fsync = off").execute(&mut connection).await.unwrap();
    sqlx::query("SELECT pg_reload_conf()").execute(&mut connection).await.unwrap();
    server
}

/// An empty database of its own on the shared server.
async fn database(name: &str) -> PgConnectOptions {
    let options = PgConnectOptions::from_str(&shared_server().await.url()).unwrap();
    let mut connection = options.connect().await.unwrap();
    for statement in
        [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")]
    {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    options.database(name)
}

/// A database of its own with all tables.
async fn migrated(name: &str) -> PgConnectOptions {
    let options = database(name).await;
    migrate::run(&options).await.unwrap();
    options
}

/// One number from the database.
async fn number(connection: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(connection).await.unwrap()
}
