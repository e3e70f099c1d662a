//! Postgres: the private server, projections and history.

use std::os::unix::fs::PermissionsExt;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use zaraba::dev::postgres::PrivatePostgres;

/// A temporary directory that the server's user can walk through when we are root.
fn shared_tempdir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

#[tokio::test]
async fn a_private_postgres_starts_stops_and_keeps_its_data() {
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (n int)").execute(&mut connection).await.unwrap();
    let mode = std::fs::metadata(postgres.password_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(PgConnection::connect(&postgres.url_without_password()).await.is_err());
    postgres.stop().await;

    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut connection).await.unwrap();
    postgres.kill().await;

    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let n: i32 = sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(n, 1);
}
