//! The pictures of the documentation: `make screenshots`. Not a check, and so ignored: it runs
//! the whole platform with a market that moves, does the tour of docs/CONSOLE.md and takes
//! a picture of each page on the way.

use std::path::PathBuf;
use std::time::Duration;

use zaraba_console::authz::Role;

use crate::browser::Browser;
use crate::whole::Whole;
use crate::world::{PASSWORD, add_person};

/// The newest rejected order (or one that ended otherwise), the first account that trades, and a trade.
struct Subjects {
    rejected: String,
    order: String,
    account: String,
    trade: String,
}

async fn take(browser: &Browser, name: &str) {
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
    Subjects {
        rejected: one("SELECT order_id::text FROM trading.orders WHERE status IN ('rejected', 'cancelled') ORDER BY status DESC, order_id DESC LIMIT 1").await,
        order: one("SELECT o.order_id::text FROM trading.orders o JOIN trading.instruments i USING (instrument_id) WHERE i.symbol = '7203' AND o.status = 'filled' ORDER BY order_id DESC LIMIT 1").await,
        account: one("SELECT a.code FROM trading.fills f JOIN trading.accounts a USING (account_id) GROUP BY a.code HAVING count(*) > 40 ORDER BY count(*) DESC LIMIT 1").await,
        trade: one("SELECT trade_id::text FROM trading.fills ORDER BY at DESC LIMIT 1").await,
    }
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
    let found = subjects(&whole).await;
    // A few candles and some minutes of the overview make better pictures.
    tokio::time::sleep(Duration::from_secs(150)).await;

    sign_in_as(&whole, "operations").await;
    let account = format!("/accounts/{}", found.account);
    let english = [
        ("/", "overview"),
        ("/books", "books"),
        ("/books/7203", "book"),
        ("/orders?symbol=7203", "orders"),
        (&format!("/orders/{}", found.rejected), "order-rejected"),
        (&format!("/orders/{}", found.order), "order"),
        ("/fills", "fills"),
        (&format!("/fills/{}", found.trade), "trade"),
        ("/accounts", "accounts"),
        (&account, "account"),
        (&format!("{account}?tab=balance&asset=JPY&range=day"), "balance"),
        ("/instruments", "instruments"),
        ("/instruments/7203", "instrument"),
        ("/risk", "risk"),
        ("/requests/new?kind=halt&symbol=7203", "request-halt"),
        (
            &format!("/requests/new?kind=adjust&account={}&asset=JPY&amount=5000", found.account),
            "request-adjust",
        ),
    ];
    for (path, name) in english {
        whole.open(path).await;
        take(&whole.browser, name).await;
    }
    // Asked by one, seen by another.
    whole.browser.wait("#send").await;
    whole.browser.type_into("#reason", "Interest credited twice on 20 November").await;
    whole.browser.click("#send button[type=submit]").await;
    sign_in_as(&whole, "operations-2").await;
    whole.open("/requests").await;
    take(&whole.browser, "requests").await;
    whole.open("/requests/1").await;
    take(&whole.browser, "request-approve").await;

    sign_in_as(&whole, "admin").await;
    for (path, name) in [
        ("/audit", "audit"),
        ("/audit/verify", "audit-verify"),
        ("/staff", "staff"),
        ("/flags", "flags"),
    ] {
        whole.open(path).await;
        take(&whole.browser, name).await;
    }

    whole.world.look("ja", "dark").await;
    sign_in_as(&whole, "operations").await;
    for (path, name) in [
        ("/", "overview-ja"),
        ("/books/7203", "book-ja"),
        ("/orders?symbol=7203", "orders-ja"),
        (&account, "account-ja"),
    ] {
        whole.open(path).await;
        take(&whole.browser, name).await;
    }
    whole.end().await;
}
