//! Postgres that stops, dies, hangs up and forgets; second projectors and foreign tables.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::platform::Status;
use zaraba::projections::{
    FeedError, ProjectionError, Projector, WriteError, ask_for_rebuild, catch_up, migrate,
};
use zaraba_engine::types::*;

use super::private_postgres::shared_tempdir;
use super::projection::assert_equal;
use super::stream::{Journal, Stream};
use super::{migrated, number, postgres_is_here};

/// Waits until `done`; the bound only ends a test that would never end.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn project(journal: &Journal, database: &PgConnectOptions) -> (Projector, Arc<Status>) {
    let status = Arc::new(Status::default());
    let projector = Projector::start(journal.source(), database.clone(), 200, status.clone());
    (projector, status)
}

/// Postgres is stopped and later killed while commands keep coming; the rows equal the
/// journal afterwards.
#[tokio::test]
async fn postgres_may_stop_and_die_in_the_middle() {
    if !postgres_is_here("trouble::postgres_may_stop_and_die_in_the_middle") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let port = postgres.port();
    let database = PgConnectOptions::from_str(&postgres.url()).unwrap();
    migrate::run(&database).await.unwrap();

    let mut stream = Stream::new(10);
    let journal = Journal::default();
    journal.append(stream.by_ref().take(1_000));
    let (projector, status) = project(&journal, &database);
    until("the first commands are projected", || status.projected() == journal.len()).await;
    assert!(status.postgres_ok());

    postgres.stop().await;
    until("the loss is noticed", || !status.postgres_ok()).await;
    journal.append(stream.by_ref().take(1_500));
    let postgres = PrivatePostgres::start(&place, port).await.unwrap();
    until("it catches up after a stop", || status.projected() == journal.len()).await;
    assert_equal(&journal, &database).await;

    journal.append(stream.by_ref().take(3_000));
    until("it is at work again", || status.projected() > Seq(2_500)).await;
    postgres.kill().await;
    until("the death is noticed", || !status.postgres_ok()).await;
    journal.append(stream.by_ref().take(100));
    let _postgres = PrivatePostgres::start(&place, port).await.unwrap();
    until("it catches up after a kill", || {
        status.postgres_ok() && status.projected() == journal.len()
    })
    .await;
    assert_equal(&journal, &database).await;
    projector.stop().await;
}

/// Connections are cut at random moments, also in the middle of transactions.
#[tokio::test]
async fn cut_connections_give_neither_gaps_nor_doubles() {
    if !postgres_is_here("trouble::cut_connections_give_neither_gaps_nor_doubles") {
        return;
    }
    let journal = Journal::seeded(11, 3_000);
    let database = migrated("cut").await;
    let status = Arc::new(Status::default());
    let projector = Projector::start(journal.source(), database.clone(), 20, status.clone());
    let mut knife = database.connect().await.unwrap();
    let mut cuts = 0;
    while status.projected() < journal.len() {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name = 'zaraba-projector' AND datname = current_database()";
        cuts += number(&mut knife, cut).await;
        // Ever more rarely, so that a slow machine gets there too.
        tokio::time::sleep(Duration::from_millis(100 + 50 * cuts as u64)).await;
    }
    assert!(cuts > 1, "{cuts}");
    projector.stop().await;
    assert_equal(&journal, &database).await;
}

/// The projector is dropped at random places, as by a crash of the node.
#[tokio::test]
async fn crashes_between_and_within_transactions_give_neither_gaps_nor_doubles() {
    if !postgres_is_here("trouble::crashes_between_and_within_transactions") {
        return;
    }
    let journal = Journal::seeded(12, 3_000);
    let database = migrated("crash").await;
    let mut crashes = 0;
    loop {
        let work = catch_up(journal.source(), &database, 50, |_| {});
        let end = tokio::time::timeout(Duration::from_millis(60 + crashes * 7), work).await;
        match end {
            Ok(Ok(_)) => break,
            // The last one's connection may not be noticed as gone yet.
            Ok(Err(ProjectionError::Write(WriteError::Locked))) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => crashes += 1,
        }
    }
    assert!(crashes > 1, "{crashes}");
    assert_equal(&journal, &database).await;
}

#[tokio::test]
async fn a_rebuild_of_a_running_node_equals_what_was_there() {
    if !postgres_is_here("trouble::a_rebuild_of_a_running_node_equals_what_was_there") {
        return;
    }
    let journal = Journal::seeded(13, 2_000);
    let database = migrated("rebuild").await;
    let (projector, status) = project(&journal, &database);
    until("all is projected", || status.projected() == journal.len()).await;
    let live = assert_equal(&journal, &database).await;

    ask_for_rebuild(&database).await.unwrap();
    until("the rebuild has begun", || status.projected() < journal.len()).await;
    until("the rebuild is done", || status.projected() == journal.len()).await;
    let rebuilt = assert_equal(&journal, &database).await;
    assert_eq!(live.rows, rebuilt.rows);
    projector.stop().await;
}

/// Postgres lost its newest transactions: rows and watermark are those of before.
#[tokio::test]
async fn tables_that_went_back_are_brought_forward_again() {
    if !postgres_is_here("trouble::tables_that_went_back_are_brought_forward_again") {
        return;
    }
    let journal = Journal::seeded(14, 1_500);
    let database = migrated("back").await;
    let early = journal.cut(700);
    catch_up(early.source(), &database, 100, |_| {}).await.unwrap();
    assert_equal(&early, &database).await;
    catch_up(journal.source(), &database, 100, |_| {}).await.unwrap();
    assert_equal(&journal, &database).await;
}

#[tokio::test]
async fn a_second_projector_is_kept_out() {
    if !postgres_is_here("trouble::a_second_projector_is_kept_out") {
        return;
    }
    let journal = Journal::seeded(15, 500);
    let database = migrated("second").await;
    let (projector, status) = project(&journal, &database);
    until("all is projected", || status.projected() == journal.len()).await;
    let second = catch_up(journal.source(), &database, 10, |_| {}).await;
    assert!(matches!(second, Err(ProjectionError::Write(WriteError::Locked))), "{second:?}");
    projector.stop().await;
    catch_up(journal.source(), &database, 10, |_| {}).await.unwrap();
}

#[tokio::test]
async fn another_journals_tables_are_refused_until_a_rebuild_is_asked_for() {
    if !postgres_is_here("trouble::another_journals_tables_are_refused") {
        return;
    }
    let (ours, theirs) = (Journal::seeded(16, 900), Journal::seeded(17, 800));
    let database = migrated("foreign_tables").await;
    catch_up(theirs.source(), &database, 500, |_| {}).await.unwrap();
    let refused = catch_up(ours.source(), &database, 500, |_| {}).await;
    assert!(
        matches!(refused, Err(ProjectionError::Feed(FeedError::Foreign { seq: 800, .. }))),
        "{refused:?}"
    );
    assert!(refused.unwrap_err().to_string().contains("zaraba projections rebuild"));
    let short = catch_up(theirs.cut(300).source(), &database, 500, |_| {}).await;
    assert!(
        matches!(short, Err(ProjectionError::Feed(FeedError::BeyondEnd { mark: 800, end: 300 }))),
        "{short:?}"
    );
    assert_equal(&theirs, &database).await;

    // A running node waits in that state, and goes on once the rebuild is asked for.
    let (projector, status) = project(&ours, &database);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!status.postgres_ok());
    ask_for_rebuild(&database).await.unwrap();
    until("the rebuild is done", || status.projected() == ours.len()).await;
    projector.stop().await;
    assert_equal(&ours, &database).await;
}

/// Rows that somebody removed are noticed when they are to change.
#[tokio::test]
async fn missing_rows_stop_the_projector() {
    if !postgres_is_here("trouble::missing_rows_stop_the_projector") {
        return;
    }
    let journal = Journal::seeded(18, 2_000);
    let database = migrated("missing").await;
    catch_up(journal.cut(1_000).source(), &database, 500, |_| {}).await.unwrap();
    let mut connection = database.connect().await.unwrap();
    sqlx::query("DELETE FROM trading.orders").execute(&mut connection).await.unwrap();
    let refused = catch_up(journal.source(), &database, 500, |_| {}).await;
    assert!(matches!(refused, Err(ProjectionError::Write(WriteError::Damaged(_)))), "{refused:?}");
    assert_eq!(number(&mut connection, "SELECT seq FROM trading.watermark").await, 1_000);
}

#[tokio::test]
async fn missing_tables_are_waited_for() {
    if !postgres_is_here("trouble::missing_tables_are_waited_for") {
        return;
    }
    let journal = Journal::seeded(19, 300);
    let database = super::database("no_tables").await;
    let failed = catch_up(journal.source(), &database, 10, |_| {}).await.unwrap_err();
    assert!(failed.to_string().contains("zaraba migrate"), "{failed}");
    let (projector, status) = project(&journal, &database);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!status.postgres_ok());
    migrate::run(&database).await.unwrap();
    until("it goes on", || status.projected() == journal.len()).await;
    projector.stop().await;
}
