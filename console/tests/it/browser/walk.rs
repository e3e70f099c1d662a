//! Every page of the console in one table, and the walk that opens each: in both languages,
//! light and dark, and at 200% zoom. Whoever adds a page adds its line; a test compares the
//! table with the routes.

use axum::http::Method;
use zaraba_console::authz::Permission::*;
use zaraba_console::authz::{Need, Role};
use zaraba_console::router::routes;

use super::{Browser, missing};
use crate::world::{LOGIN, World, skipped};

/// One page: its route, an address of it in the tests' day, and an element that is there when
/// the page has what it is for.
struct Page {
    route: &'static str,
    path: &'static str,
    need: Need,
    main: &'static str,
}

const fn page(route: &'static str, path: &'static str, need: Need, main: &'static str) -> Page {
    Page { route, path, need, main }
}

/// The form of an adjustment, ready to be sent.
const ADJUST: &str = "/requests/new?kind=adjust&account=DEMO-0001&asset=JPY&amount=5000";

/// The table.
const PAGES: &[Page] = &[
    page("/", "/", Need::May(SeeMarket), "#orders-per-second"),
    page("/books", "/books", Need::May(SeeMarket), "#books tbody tr"),
    page("/books/{symbol}", "/books/7203", Need::May(SeeMarket), "#ladder table"),
    page("/orders", "/orders", Need::May(SeeOrders), "#orders tbody tr"),
    page("/orders/{order_id}", "/orders/1996488823", Need::May(SeeOrders), "#events tbody tr"),
    page("/confirm", "/confirm?next=/orders", Need::SignIn, "main form"),
    page("/security", "/security", Need::SignIn, "#sessions tbody tr"),
    page("/security/totp", "/security/totp", Need::RecentSignIn, "svg.qr"),
    page("/staff", "/staff", Need::May(SeeStaff), "#staff tbody tr"),
    page("/staff/{login}", "/staff/aki", Need::May(SeeStaff), "#sessions tbody tr"),
    page("/invite", "/invite", Need::Nothing, "#again"),
    page("/requests", "/requests?tab=all", Need::May(SeeRequests), "#requests tbody tr"),
    page("/requests/new", ADJUST, Need::May(SeeRequests), "#send"),
    page("/requests/{request}", "/requests/1", Need::May(SeeRequests), "#timeline tbody tr"),
    page("/fills", "/fills", Need::May(SeeOrders), "#fills tbody tr"),
    page("/fills/{trade_id}", "/fills/7", Need::May(SeeOrders), "#sides tbody tr"),
    page("/instruments", "/instruments", Need::May(SeeMarket), "#instruments tbody tr"),
    page("/instruments/{symbol}", "/instruments/7203", Need::May(SeeMarket), "#calendar tbody tr"),
    page("/risk", "/risk", Need::May(SeeRisk), "#limits tbody tr"),
    page("/flags", "/flags?flag=odd_lot_orders", Need::May(SeeFlags), "#flags tbody tr"),
    page("/accounts", "/accounts", Need::May(SeeAccounts), "#accounts tbody tr"),
    page("/accounts/{code}", "/accounts/DEMO-0001", Need::May(SeeAccounts), "#balances tbody tr"),
    page("/audit", "/audit", Need::May(SeeAudit), "#audit tbody tr"),
    page("/audit/{entry}", "/audit/1", Need::May(SeeAudit), "main pre"),
    page("/audit/verify", "/audit/verify", Need::May(SeeAudit), "#verification form"),
    page("/preferences", "/preferences", Need::SignIn, "form.settings"),
    page("/licences", "/licences", Need::Nothing, "main h1"),
];

/// Addresses that are read with GET and show no page of their own.
fn shows_no_page(path: &str) -> bool {
    path.ends_with("/live") // the live parts of a page
        || path.ends_with("/csv") || path.ends_with("/jsonl") // files
        || path == "/audit/verify/state" // part of its page
        || ["/healthz", "/readyz", "/metrics", "/static/{*path}"].contains(&path) // machines
        || path == "/requests/badge/live" // part of the frame
        || path == "/search" // leads on; its own page is walked with what it found nothing for
        || path == "/sign-in/second" // needs a password before; looked at in `passkeys`
        || path == "/security/passkeys/new" // needs a name; looked at in `passkeys`
        || path == "/sign-in/provider/back" // a provider leads there; walked in `oidc`
        || path == "/sign-in" // walked before anyone is signed in
}

#[test]
fn every_page_is_in_the_table() {
    let routes = routes();
    for route in routes.iter().filter(|r| r.method == Method::GET && !shows_no_page(r.path)) {
        assert!(
            PAGES.iter().any(|page| page.route == route.path),
            "{} is not in the table of pages (console/tests/it/browser/walk.rs)",
            route.path
        );
    }
    for page in PAGES {
        let route = routes.iter().find(|r| r.path == page.route && r.method == Method::GET);
        let route = route.unwrap_or_else(|| panic!("{} is no route", page.route));
        assert_eq!(route.need, page.need, "{}", page.route);
    }
}

impl World {
    /// How the console looks to everyone from now on.
    pub async fn look(&self, language: &str, theme: &str) {
        sqlx::query("UPDATE console.staff SET language = $1, theme = $2")
            .bind(language)
            .bind(theme)
            .execute(&self.pool)
            .await
            .unwrap();
    }
}

/// What is wrong with the pages, by page; all of them are walked before anyone complains.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    async fn look(&mut self, browser: &Browser, what: &str) {
        browser.wait_until("document.readyState === 'complete'").await;
        let found = browser.barriers().await.into_iter().chain(browser.cut_off().await);
        self.0.extend(found.map(|text| format!("{what}: {text}")));
    }
}

/// Opens every page and looks at it.
async fn walk(world: &World, browser: &Browser, look: (&str, &str, u32), all: &mut Findings) {
    let (language, theme, percent) = look;
    world.look(language, theme).await;
    browser.zoom(1440, 900, percent).await;
    for page in PAGES {
        let what = format!("{} in {language}, {theme}, at {percent}%", page.path);
        browser.client.goto(&world.at(page.path)).await.unwrap();
        browser.wait(page.main).await;
        all.look(browser, &what).await;
        let lang = browser.client.execute("return document.documentElement.lang", vec![]);
        assert_eq!(lang.await.unwrap(), language, "{what}");
        browser.assert_clean(world, &[]).await;
    }
}

/// The pages before and beside the table: signing in, and the ways a page can be missing.
async fn walk_the_edges(world: &World, browser: &Browser, language: &str, all: &mut Findings) {
    browser.client.goto(&world.at(&format!("/sign-in?lang={language}"))).await.unwrap();
    browser.wait("#login").await;
    all.look(browser, &format!("/sign-in in {language}")).await;
    browser.sign_in(world).await;
    world.look(language, "light").await;
    for path in ["/nowhere", "/search?q=nothing-like-this"] {
        browser.client.goto(&world.at(path)).await.unwrap();
        browser.wait("main h1").await;
        all.look(browser, &format!("{path} in {language}")).await;
    }
    // The browser itself reports the 404.
    browser.assert_clean(world, &["404 (Not Found)"]).await;
}

async fn in_language(test: &str, language: &str) {
    if let Some(why) = missing() {
        return skipped(test, &why);
    }
    World::with(test, async |world| {
        // Someone with every role sees every page.
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        sqlx::query("UPDATE console.staff SET roles = $1 WHERE login = $2")
            .bind(roles)
            .bind(LOGIN)
            .execute(&world.pool)
            .await
            .unwrap();
        crate::requests::furnish(&world).await;
        let browser = Browser::open(1440, 900).await;
        let mut all = Findings::default();
        walk_the_edges(&world, &browser, language, &mut all).await;
        for (theme, percent) in [("light", 100), ("dark", 100), ("light", 200)] {
            walk(&world, &browser, (language, theme, percent), &mut all).await;
        }
        assert!(all.0.is_empty(), "{:#?}", all.0);
        browser.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_english_is_for_everyone() {
    in_language("every_page_in_english_is_for_everyone", "en").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_japanese_is_for_everyone() {
    in_language("every_page_in_japanese_is_for_everyone", "ja").await;
}
