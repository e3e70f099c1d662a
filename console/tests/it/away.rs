//! Forms that are sent while the backend is away, in a real browser with the real backend: what
//! was typed is kept, nothing happens behind the reader's back, and what is sent again is done
//! once.

use std::time::{Duration, Instant};

use zaraba_console::authz::Role;

use crate::browser::{Browser, missing};
use crate::whole::{PATIENCE, Whole};
use crate::world::{add_person, skipped};

/// How often an approved request was carried out.
pub const DONE: &str = "SELECT count(*) FROM trading.admin_actions a JOIN console.requests r
    ON a.request_id = r.id::text WHERE a.outcome = 'ok'";

pub async fn count(whole: &Whole, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&whole.world.pool).await.unwrap()
}

/// Waits until something is counted: tables follow the journal.
pub async fn eventually(whole: &Whole, sql: &'static str) {
    let begun = Instant::now();
    while count(whole, sql).await == 0 {
        assert!(begun.elapsed() < PATIENCE, "nothing came of {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_while_the_backend_is_away_is_kept_and_done_once() {
    const NAME: &str = "a_form_sent_while_the_backend_is_away_is_kept_and_done_once";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    let mut whole = Whole::start("crypto").await;
    add_person(&whole.world.pool, "ren", "Ren Ito", &[Role::Operations], "en").await;
    whole.open("/requests/new?kind=halt&symbol=ETH_JPY").await;
    whole.browser.wait("#send").await;
    whole.backend.kill();
    whole.browser.type_into("#reason", "news pending").await;
    whole.browser.click("#send button[type=submit]").await;
    let told = whole.browser.text(".problem").await;
    assert!(told.contains("Nothing is on record and nothing was done"), "{told}");
    let kept = "document.querySelector('#again #reason').value === 'news pending'";
    whole.browser.wait_until(kept).await;
    assert_eq!(count(&whole, "SELECT count(*) FROM console.requests").await, 0);
    // Again while it is away: the same answer, and the same form.
    whole.browser.click("#again button[type=submit]").await;
    whole.browser.wait_until(kept).await;
    assert_eq!(count(&whole, "SELECT count(*) FROM console.requests").await, 0);

    whole.backend.run().await;
    whole.browser.click("#again button[type=submit]").await;
    whole.browser.wait("#outcome[data-state=waiting]").await;

    let second = Browser::open(1440, 900).await;
    second.sign_in_as(&whole.world, "ren").await;
    second.client.goto(&whole.world.at("/requests/1")).await.unwrap();
    second.wait("#approve").await;
    whole.backend.kill();
    second.type_into("#reason", "looked at").await;
    second.click("#approve").await;
    let told = second.text(".problem").await;
    assert!(told.contains("Nothing was done or decided"), "{told}");
    let waiting = "SELECT count(*) FROM console.requests WHERE state = 'waiting'";
    assert_eq!(count(&whole, waiting).await, 1);

    whole.backend.run().await;
    // The reason is still there: the same button decides.
    second.click("#approve").await;
    second.wait("#outcome[data-state=applied]").await;
    eventually(&whole, DONE).await;
    assert_eq!(count(&whole, DONE).await, 1, "once in the journal");
    second.close().await;
    whole.end().await;
}

/// Asks for a halt and approves it as another person, whose page is returned: the moment between
/// approval and application, until `release`.
pub async fn approved_and_held(whole: &Whole) -> Browser {
    add_person(&whole.world.pool, "ren", "Ren Ito", &[Role::Operations], "en").await;
    whole.open("/requests/new?kind=halt&symbol=ETH_JPY").await;
    whole.browser.type_into("#reason", "news pending").await;
    whole.browser.click("#send button[type=submit]").await;
    whole.browser.wait("#outcome[data-state=waiting]").await;
    hold(whole).await;
    let second = Browser::open(1440, 900).await;
    second.sign_in_as(&whole.world, "ren").await;
    second.client.goto(&whole.world.at("/requests/1")).await.unwrap();
    second.type_into("#reason", "looked at").await;
    second.click("#approve").await;
    second.wait("#outcome[data-state=applying]").await;
    second
}

/// Keeps what is approved from being taken up until the test says so.
async fn hold(whole: &Whole) {
    for sql in [
        "CREATE FUNCTION console.hold() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.next_attempt_at = now() + interval '1 day'; RETURN NEW; END $$",
        "CREATE TRIGGER hold BEFORE UPDATE ON console.requests FOR EACH ROW
         WHEN (OLD.state = 'waiting' AND NEW.state = 'applying') EXECUTE FUNCTION console.hold()",
    ] {
        sqlx::query(sql).execute(&whole.world.pool).await.unwrap();
    }
}

pub async fn release(whole: &Whole) {
    let sql = "UPDATE console.requests SET next_attempt_at = now()";
    sqlx::query(sql).execute(&whole.world.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_killed_between_approval_and_application_is_told_and_done_once() {
    const NAME: &str = "a_backend_killed_between_approval_and_application_is_told_and_done_once";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    let mut whole = Whole::start("crypto").await;
    let second = approved_and_held(&whole).await;
    whole.backend.kill();
    release(&whole).await;
    let tried = "SELECT count(*) FROM console.requests WHERE problem IS NOT NULL";
    eventually(&whole, tried).await;
    let problem: String = sqlx::query_scalar("SELECT problem FROM console.requests")
        .fetch_one(&whole.world.pool)
        .await
        .unwrap();
    second.client.goto(&whole.world.at("/requests/1")).await.unwrap();
    let told = second.text("#outcome[data-state=applying]").await;
    assert!(told.contains(&problem), "{told} says nothing of {problem}");

    whole.backend.run().await;
    // The page that is open takes the outcome up by itself.
    second.wait("#outcome[data-state=applied]").await;
    eventually(&whole, DONE).await;
    assert_eq!(count(&whole, DONE).await, 1, "once in the journal");
    second.close().await;
    whole.end().await;
}
