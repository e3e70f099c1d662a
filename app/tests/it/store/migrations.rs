//! `zaraba migrate`'s work.

use zaraba::projections::migrate;

use super::{database, postgres_is_here};

#[tokio::test]
async fn migrations_are_told_applied_once_and_found_done() {
    if !postgres_is_here("migrations::migrations_are_told_applied_once_and_found_done") {
        return;
    }
    let database = database("migrations").await;
    let pending = migrate::pending(&database).await.unwrap();
    assert!(!pending.is_empty());
    assert_eq!(migrate::run(&database).await.unwrap(), pending);
    assert!(migrate::pending(&database).await.unwrap().is_empty());
    assert!(migrate::run(&database).await.unwrap().is_empty());
}
