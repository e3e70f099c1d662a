//! The tour of docs/CONSOLE.md as a new user takes it, from the pages alone: two people and an
//! auditor in a real browser, over the real backend and its simulated market.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};
use zaraba_console::authz::Role;

use crate::browser::{Browser, missing};
use crate::whole::Whole;
use crate::world::{add_person, skipped};

const SECOND: &str = "ren";
const AUDITOR: &str = "mei";

/// Sends an order of the first demo account; the answer's body.
pub async fn order(whole: &Whole, id: &str, price: &str, quantity: &str) -> Value {
    let dev = whole.backend.dev_file();
    let key = Key::new(&dev.accounts[0]).unwrap();
    let mut connection = Connection::new(Endpoint::resolve(&dev.api).await.unwrap());
    let body = json!({"client_order_id": id, "symbol": "BTC_JPY", "side": "buy", "type": "limit",
        "time_in_force": "gtc", "price": price, "quantity": quantity});
    let body = Bytes::from(body.to_string());
    let answer = connection.call(&key, Method::POST, "/v1/orders", body).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

/// Types into the search of the header; a single hit opens at once. What was just sent is found
/// as soon as it is projected.
async fn search(browser: &Browser, text: &str, opens: &str) {
    for _ in 0..60 {
        browser.wait_until("document.readyState === 'complete'").await;
        browser.press("/").await;
        browser.wait_until("document.activeElement.id === 'q'").await;
        browser.press(&format!("{text}\u{e007}")).await;
        browser.wait_until("location.pathname !== '/'").await;
        if browser.client.current_url().await.unwrap().path().starts_with(opens) {
            return;
        }
        browser.client.back().await.unwrap();
    }
    panic!("{text} does not open {opens}");
}

/// Sends the form of a request that shows its effect.
async fn send(browser: &Browser, reason: &str, state: &str) {
    browser.type_into("#reason", reason).await;
    browser.click("#send button[type=submit]").await;
    browser.wait(&format!("#outcome[data-state={state}]")).await;
}

/// Opens the newest request that waits, by the menu's badge, and approves it.
async fn approve(browser: &Browser, kind: &str) {
    browser.wait_until("document.querySelector('#waiting .badge')?.textContent === '1'").await;
    browser.click("header nav a[href='/requests']").await;
    browser.click("#requests tbody th a").await;
    assert!(browser.text("h1").await.contains(kind));
    // Balances of an account that trades moved meanwhile: then both effects are compared.
    let both = "document.querySelector('#decide input[name=both]')?.click()";
    browser.client.execute(both, vec![]).await.unwrap();
    browser.type_into("#reason", "looked at").await;
    browser.click("#approve").await;
    browser.wait("#outcome[data-state=applied]").await;
    assert!(browser.text("#outcome").await.contains("Applied once"));
}

/// Finds the rejected order and why, cancels the other.
async fn orders(first: &Browser, whole: &Whole) {
    first.client.goto(&whole.world.at("/")).await.unwrap();
    search(first, "tour-large", "/orders/").await;
    assert!(first.text("h1").await.contains("Rejected"));
    assert!(first.text("#why").await.contains("above the instrument's largest order"));
    first.click("header nav a[href='/']").await;
    search(first, "tour-open", "/orders/").await;
    assert!(first.text("h1").await.contains("Open"));
    first.click(".does a").await;
    assert!(first.text("#effect").await.contains("Cancelled"));
    send(first, "the client called", "applied").await;
    // Back at the order, by the link of what was done.
    first.click("#then a[href^='/orders/']").await;
    first
        .wait_until(
            "document.querySelector('h1').textContent.includes('Cancelled')\
        || (location.reload(), false)",
        )
        .await;
    assert!(first.text("#actions").await.contains("the client called"));
}

async fn halt(first: &Browser, second: &Browser) {
    first.click("header nav a[href='/books']").await;
    first.click("#row-BTC_JPY a").await;
    first.wait(".mark.live").await;
    first.click("nav.actions a[href*='kind=halt']").await;
    assert!(first.text("#effect").await.contains("Halted"));
    send(first, "news pending", "waiting").await;
    assert!(first.text("#decide").await.contains("someone else has to decide"));
    approve(second, "Halt an instrument").await;
    // The book that the first looks at says so by itself.
    first.click("#then a[href='/instruments/BTC_JPY'], #then a[href='/books/BTC_JPY']").await;
    first.click("a[href='/books/BTC_JPY'], h1").await;
    first.wait(".phase.halted").await;
}

async fn adjust(first: &Browser, second: &Browser, account: &str, whole: &Whole) {
    first.client.goto(&whole.world.at("/")).await.unwrap();
    search(first, account, "/accounts/").await;
    first.click(".does a[href*='kind=adjust']").await;
    first.type_into("#i-asset", "JPY").await;
    first.type_into("#i-amount", "-5000").await;
    first.click("#fields button[type=submit]").await;
    assert!(first.text("#preview").await.contains("−5,000 JPY"));
    send(first, "interest was credited twice", "waiting").await;
    approve(second, "Balance adjustment").await;
    second.click("#then a[href^='/accounts/']").await;
    second.click(".tabs a[href*='tab=ledger']").await;
    second
        .wait_until(
            "document.querySelector('#ledger')?.textContent.includes('interest was credited twice')\
        || (location.reload(), false)",
        )
        .await;
}

/// The day's fills as a file: rows of the file behind the link.
async fn export(first: &Browser) {
    first.click("header nav a[href='/fills']").await;
    first.click("#today").await;
    first.wait("#fills").await;
    let script = "const done = arguments[0]; fetch(document.querySelector('a.csv').href)\
        .then(answer => answer.text()).then(text => done(text.trim().split('\\n')))";
    let lines = first.client.execute_async(script, vec![]).await.unwrap();
    let lines: Vec<&str> = lines.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(lines[0].contains("time,trade_id,fill_id"), "{}", lines[0]);
    assert!(lines.len() > 2, "a market that moves has fills");
}

async fn prove(auditor: &Browser) {
    auditor.click("header nav a[href='/audit']").await;
    let told = auditor.text("#audit").await;
    assert!(told.contains("Exported") && told.contains("Decided on a request"), "{told}");
    auditor.click("a[href='/audit/verify']").await;
    auditor.click("main form button[type=submit]").await;
    auditor.wait("#verdict").await;
    assert_eq!(auditor.text("#verdict").await.trim_start_matches("✓ "), "The chain is whole.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_takes_the_tour() {
    if let Some(why) = missing() {
        return skipped("a_new_user_takes_the_tour", &why);
    }
    let whole = Whole::start("crypto").await;
    let pool = &whole.world.pool;
    add_person(pool, SECOND, "Ren Ito", &[Role::Operations], "en").await;
    add_person(pool, AUDITOR, "Mei Ono", &[Role::Auditor], "en").await;
    let account = whole.backend.dev_file().accounts[0].account.clone();
    assert_eq!(order(&whole, "tour-open", "1000000", "0.01").await["status"], "open");
    let refused = order(&whole, "tour-large", "1000000", "99999").await;
    assert_eq!(refused["error"]["code"], "above_max_quantity");

    let first = &whole.browser;
    let second = Browser::open(1440, 900).await;
    second.sign_in_as(&whole.world, SECOND).await;
    orders(first, &whole).await;
    halt(first, &second).await;
    adjust(first, &second, &account, &whole).await;
    export(first).await;
    first.assert_clean(&whole.world, &[]).await;
    second.assert_clean(&whole.world, &[]).await;
    second.sign_out().await;
    second.sign_in_as(&whole.world, AUDITOR).await;
    prove(&second).await;
    second.assert_clean(&whole.world, &[]).await;
    second.close().await;
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_is_corrected_and_taken_back_and_tells_its_chain() {
    const NAME: &str = "a_trade_is_corrected_and_taken_back_and_tells_its_chain";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    let whole = Whole::start("crypto").await;
    add_person(&whole.world.pool, SECOND, "Ren Ito", &[Role::Operations], "en").await;
    let second = Browser::open(1440, 900).await;
    second.sign_in_as(&whole.world, SECOND).await;
    let first = &whole.browser;
    whole.open("/fills?symbol=BTC_JPY").await;
    first.wait_until("document.querySelector('#fills') || (location.reload(), false)").await;
    first.click("#fills tbody th a").await;
    let trade = first.client.current_url().await.unwrap().path().to_owned();
    first.click(".does a[href*='kind=correct_trade']").await;
    let price = "document.querySelector('#i-price').value = '14000000'";
    first.client.execute(price, vec![]).await.unwrap();
    first.click("#fields button[type=submit]").await;
    first.wait("#effect").await;
    send(first, "typing error", "waiting").await;
    approve(&second, "Correct a trade").await;
    whole.open(&trade).await;
    first.wait_until("document.querySelector('#corrections') || (location.reload(), false)").await;
    let chain = first.text("#corrections").await;
    assert!(chain.contains("typing error") && chain.contains("Request 1"), "{chain}");
    assert!(first.text("#present").await.contains("14,000,000"));
    assert!(first.text("#ledger").await.contains("Correction"), "what it moved is shown");

    first.click(".does a[href*='kind=bust_trade']").await;
    first.wait("#send").await;
    first.type_into("#word", "BUST").await;
    send(first, "not a trade at all", "waiting").await;
    approve(&second, "Bust a trade").await;
    whole.open(&trade).await;
    let busted = "document.querySelector('#present')?.textContent.includes('Busted')";
    first.wait_until(&format!("{busted} || (location.reload(), false)")).await;
    assert_eq!(first.text("#correction-2").await, "#2");
    first.assert_clean(&whole.world, &[]).await;
    second.close().await;
    whole.end().await;
}
