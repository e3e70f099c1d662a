//! The private server itself.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use zaraba::dev::postgres::{PrivatePostgres, PrivatePostgresError};

use super::postgres_is_here;

/// A temporary directory that the server's user can walk through when we are root.
pub(super) fn shared_tempdir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn running(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}/cmdline")).exists()
}

#[tokio::test]
async fn it_starts_stops_and_keeps_its_data() {
    if !postgres_is_here("private_postgres::it_starts_stops_and_keeps_its_data") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let pid = postgres.pid().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (n int)").execute(&mut connection).await.unwrap();
    assert!(running(pid));
    postgres.stop().await;
    assert!(!running(pid));

    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut connection).await.unwrap();
    postgres.kill().await;

    // What a killed server left behind (its lock file) is no obstacle.
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let pid = postgres.pid().unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let n: i32 = sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(n, 1);
    drop(postgres);
    assert!(!running(pid), "dropping stops it");
}

#[tokio::test]
async fn only_its_password_opens_it() {
    if !postgres_is_here("private_postgres::only_its_password_opens_it") {
        return;
    }
    let dir = shared_tempdir();
    let postgres = PrivatePostgres::start(&dir.path().join("postgres"), 0).await.unwrap();
    let mode = std::fs::metadata(postgres.password_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let password = std::fs::read_to_string(postgres.password_file()).unwrap();
    assert!(postgres.url().contains(&password) && password.len() == 48);
    assert!(PgConnection::connect(&postgres.url_without_password()).await.is_err());
    let wrong = postgres.url().replace(&password, "postgres");
    assert!(PgConnection::connect(&wrong).await.is_err());
    let socket = dir.path().join("postgres").canonicalize().unwrap();
    let socket = socket.display().to_string().replace('/', "%2F");
    let by_socket = format!("postgres://zaraba@{socket}:{}/zaraba", postgres.port());
    assert!(PgConnection::connect(&by_socket).await.is_err());
}

#[tokio::test]
async fn a_directory_in_use_is_refused_and_the_server_in_it_lives_on() {
    if !postgres_is_here("private_postgres::a_directory_in_use_is_refused") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let second = PrivatePostgres::start(&place, 0).await;
    assert!(matches!(second, Err(PrivatePostgresError::InUse { .. })));
    PgConnection::connect(&postgres.url()).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_so() {
    if !postgres_is_here("private_postgres::a_taken_port_is_an_error_that_says_so") {
        return;
    }
    let dir = shared_tempdir();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = PrivatePostgres::start(&dir.path().join("postgres"), port).await.err().unwrap();
    assert!(matches!(error, PrivatePostgresError::Start { .. }), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
}

/// Not a test: the process that the next test kills. Without its directory it does nothing.
#[tokio::test]
#[ignore = "the process that it_ends_with_a_killed_parent kills"]
async fn parent_to_kill() {
    let Some(dir) = std::env::var_os("ZARABA_TEST_PARENT_TO_KILL") else { return };
    let postgres = PrivatePostgres::start(Path::new(&dir), 0).await.unwrap();
    std::fs::write(Path::new(&dir).join("pid"), postgres.pid().unwrap().to_string()).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn it_ends_with_a_killed_parent() {
    if !postgres_is_here("private_postgres::it_ends_with_a_killed_parent") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::private_postgres::parent_to_kill", "--ignored"])
        .env("ZARABA_TEST_PARENT_TO_KILL", &place)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let file = place.join("pid");
    let begun = Instant::now();
    let waited_enough = || assert!(begun.elapsed() < Duration::from_secs(120), "waited too long");
    let pid = loop {
        if let Some(pid) = std::fs::read_to_string(&file).ok().and_then(|text| text.parse().ok()) {
            break pid;
        }
        waited_enough();
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    parent.kill().unwrap();
    parent.wait().unwrap();
    while running(pid) {
        waited_enough();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    PrivatePostgres::start(&place, 0).await.unwrap().stop().await;
}
