//! The pictures of the documentation: `make screenshots`. Not a check, and so ignored: it runs
//! the whole platform with a market that moves, does the tour of docs/CONSOLE.md and takes
//! a picture of each page on the way.

use std::path::PathBuf;
use std::time::Duration;

use zaraba_console::authz::Role;

use crate::browser::Browser;
use crate::whole::Whole;
use crate::world::{PASSWORD, add_person};

/// A rejected order, one that traded, an account that trades, a trade, and a corrected one.
struct Subjects {
    rejected: String,
    order: String,
    account: String,
    trade: String,
    corrected: String,
}

async fn take(browser: &Browser, name: &str) {
    browser.wait_until("document.readyState === 'complete'").await;
    // Live parts and charts come to rest.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let png = browser.client.screenshot().await.unwrap();
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("console-{name}.png")), png).unwrap();
}

async fn subjects(whole: &Whole) -> Subjects {
    // A busy machine may keep the database from answering in time: it is asked again.
    let one = async |sql: &'static str| {
        for _ in 0..600 {
            let found: Option<String> =
                sqlx::query_scalar(sql).fetch_optional(&whole.world.pool).await.unwrap_or_default();
            if let Some(found) = found {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("nothing came of: {sql}");
    };
    let trade = one("SELECT trade_id::text FROM trading.fills ORDER BY at, fill_id LIMIT 1").await;
    correct(whole, &trade).await;
    Subjects {
        rejected: one("SELECT order_id::text FROM trading.orders WHERE client_order_id = 'tour-large'").await,
        order: one("SELECT o.order_id::text FROM trading.orders o JOIN trading.instruments i USING (instrument_id) WHERE i.symbol = '7203' AND o.status = 'filled' ORDER BY order_id DESC LIMIT 1").await,
        account: one("SELECT a.code FROM trading.fills f JOIN trading.accounts a USING (account_id) GROUP BY a.code HAVING count(*) > 40 ORDER BY count(*) DESC LIMIT 1").await,
        trade: one("SELECT trade_id::text FROM trading.fills ORDER BY at DESC LIMIT 1").await,
        corrected: one("SELECT trade_id::text FROM trading.corrections LIMIT 1").await,
    }
}

/// Takes a trade back, so that there is one with a chain.
async fn correct(whole: &Whole, trade: &str) {
    let dev = whole.backend.dev_file();
    reqwest::Client::new()
        .post(format!("{}/admin/v1/trades/{trade}/bust", dev.admin))
        .bearer_auth(&dev.admin_token)
        .header("x-actor", "operations")
        .header("x-approver", "operations-2")
        .header("x-request-id", "picture-1")
        .json(&serde_json::json!({"reason": "A feed told a wrong price"}))
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
}

async fn sign_in_as(whole: &Whole, login: &str) {
    whole.browser.client.delete_all_cookies().await.unwrap();
    whole.open("/sign-in").await;
    whole.browser.type_into("#login", login).await;
    whole.browser.type_into("#password", PASSWORD).await;
    whole.browser.click("main button[type=submit]").await;
    whole.browser.wait("header nav").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn pictures() {
    let whole = Whole::start("both").await;
    let pool = &whole.world.pool;
    add_person(pool, "operations", "Mio Sato", &[Role::Operations], "en").await;
    add_person(pool, "operations-2", "Ren Ito", &[Role::Operations, Role::Risk], "en").await;
    let admin = [Role::Administrator, Role::Auditor, Role::Release];
    add_person(pool, "admin", "Yui Kato", &admin, "en").await;
    whole.open("/books/7203").await;
    whole.moves().await;
    crate::tour::order(&whole, "tour-large", "1000000", "99999").await;
    let found = subjects(&whole).await;
    // A few candles and some minutes of the overview make better pictures.
    tokio::time::sleep(Duration::from_secs(120)).await;

    whole.browser.client.delete_all_cookies().await.unwrap();
    whole.open("/sign-in").await;
    take(&whole.browser, "sign-in").await;
    sign_in_as(&whole, "operations").await;
    let account = format!("/accounts/{}", found.account);
    for (path, name) in pages(&found, &account) {
        whole.open(&path).await;
        take(&whole.browser, &format!("{name}-en-light")).await;
    }
    let adjust =
        format!("/requests/new?kind=adjust&account={}&asset=JPY&amount=-5000", found.account);
    whole.open(&adjust).await;
    // Asked by one, seen by another.
    whole.browser.wait("#send").await;
    take(&whole.browser, "request-adjust-en-light").await;
    whole.browser.type_into("#reason", "Interest credited twice on 20 November").await;
    whole.browser.click("#send button[type=submit]").await;
    sign_in_as(&whole, "operations-2").await;
    whole.open("/requests").await;
    take(&whole.browser, "requests-en-light").await;
    whole.open("/requests/1").await;
    take(&whole.browser, "request-approve-en-light").await;

    sign_in_as(&whole, "admin").await;
    whole.open("/audit/verify").await;
    whole.browser.click("main form button[type=submit]").await;
    whole.browser.wait("#verdict").await;
    take(&whole.browser, "audit-verify-en-light").await;
    for (path, name) in [
        ("/audit", "audit"),
        ("/staff", "staff"),
        ("/staff/operations", "person"),
        ("/flags", "flags"),
    ] {
        whole.open(path).await;
        take(&whole.browser, &format!("{name}-en-light")).await;
    }

    whole.world.look("ja", "dark").await;
    sign_in_as(&whole, "operations").await;
    for (path, name) in pages(&found, &account) {
        if ["overview", "book", "orders", "order-rejected", "account", "risk"].contains(&name) {
            whole.open(&path).await;
            take(&whole.browser, &format!("{name}-ja-dark")).await;
        }
    }
    whole.end().await;
}

/// What one of operations looks at, and how the pictures are called.
fn pages(found: &Subjects, account: &str) -> Vec<(String, &'static str)> {
    vec![
        ("/".into(), "overview"),
        ("/books".into(), "books"),
        ("/books/7203".into(), "book"),
        ("/orders?symbol=7203".into(), "orders"),
        (format!("/orders/{}", found.rejected), "order-rejected"),
        (format!("/orders/{}", found.order), "order"),
        ("/fills".into(), "fills"),
        (format!("/fills/{}", found.trade), "trade"),
        (format!("/fills/{}", found.corrected), "trade-corrected"),
        ("/accounts".into(), "accounts"),
        (account.to_owned(), "account"),
        (format!("{account}?tab=ledger"), "ledger"),
        (format!("{account}?tab=balance&asset=JPY&range=day"), "balance"),
        ("/instruments".into(), "instruments"),
        ("/instruments/7203".into(), "instrument"),
        ("/risk".into(), "risk"),
        ("/requests/new".into(), "request-new"),
        ("/requests/new?kind=halt&symbol=7203".into(), "request-halt"),
        ("/search?q=7".into(), "search"),
        ("/preferences".into(), "preferences"),
    ]
}
