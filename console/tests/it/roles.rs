//! Who may open what: every route for every role, for somebody without one, somebody suspended
//! and a stranger; forms without their token; the links and forms that pages offer; and what a
//! person behind an information barrier finds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::http::Method;
use sqlx::PgPool;
use zaraba_console::audit::{Entry, Kind, Object, Who};
use zaraba_console::authz::{Need, Role};
use zaraba_console::permissions;
use zaraba_console::router::{Route, routes};

use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of};

/// What the guard's two refusals say.
const NOT_ALLOWED: &str = "Your roles do not include this";

/// An address of the route in the tests' day: each name in braces is filled in. A route with
/// another name stops the test, until the table says what stands for it.
fn sample(path: &str) -> String {
    let mut path = path.to_owned();
    for (name, value) in [
        ("{symbol}", "7203"),
        ("{order_id}", "1996488823"),
        ("{request}", "1"),
        ("{trade_id}", "7"),
        ("{code}", "DEMO-0001"),
        ("{entry}", "1"),
        ("{login}", "aki"),
        ("{name}", "market_by_amount"),
        ("{id}", "1"),
        ("{passkey_id}", "1"),
        ("{session_id}", "1"),
        ("{token}", "none"),
        ("{*path}", "none/none.css"),
    ] {
        path = path.replace(name, value);
    }
    assert!(!path.contains('{'), "{path}: say in tests/it/roles.rs what stands for it");
    path
}

fn may(roles: &[Role], need: Need) -> bool {
    let has = |permission| roles.iter().any(|role| role.may(permission));
    match need {
        Need::Nothing | Need::SignIn | Need::RecentSignIn => true,
        Need::May(permission) | Need::Recent(permission) => has(permission),
        Need::Both(one, other) => has(one) && has(other),
    }
}

async fn asked(world: &World, cookie: &str, route: &Route, body: &str) -> (u16, String) {
    let path = sample(route.path);
    let mut request = world
        .http
        .request(route.method.clone(), world.at(&path))
        .header("cookie", cookie)
        .header("origin", &world.url);
    if route.method != Method::GET {
        request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let stream = answer.headers().get("content-type").is_some_and(|t| t == "text/event-stream");
    (status, if stream { String::new() } else { answer.text().await.unwrap_or_default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    World::with("every_route_lets_in_whom_the_table_says", async |world| {
        let mut people: Vec<(String, Vec<Role>)> =
            Role::ALL.iter().map(|role| (role.as_str().replace('_', "-"), vec![*role])).collect();
        people.push(("nobody".into(), Vec::new()));
        for (login, roles) in &people {
            add_person(&world.pool, login, login, roles, "en").await;
        }
        let other = world.sign_in(crate::world::LOGIN, PASSWORD).await.unwrap();
        let foreign = csrf_of(&world.get(&other, "/preferences").await.1);
        let (mut let_in, mut refused) = (0, 0);
        for (login, roles) in &people {
            let cookie = world.sign_in(login, PASSWORD).await.unwrap();
            for route in routes().iter().filter(|route| route.need != Need::Nothing) {
                let what = format!("{login}: {} {}", route.method, route.path);
                let allowed = may(roles, route.need);
                for body in ["", &format!("csrf={foreign}")] {
                    let (status, page) = asked(&world, &cookie, route, body).await;
                    if !allowed {
                        refused += 1;
                        assert_eq!(status, 403, "{what}: {page}");
                        assert!(page.contains(NOT_ALLOWED), "{what}: {page}");
                    } else if route.method == Method::GET {
                        let_in += 1;
                        assert!(!matches!(status, 401 | 403), "{what} answered {status}: {page}");
                        assert!(status < 500 || status == 502, "{what} answered {status}: {page}");
                    } else {
                        let_in += 1;
                        assert_eq!(status, 403, "{what} was done without its token: {page}");
                        assert!(!page.contains(NOT_ALLOWED), "{what}: {page}");
                    }
                }
            }
        }
        assert!(let_in > 100 && refused > 100, "{let_in} let in, {refused} refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_person_is_a_stranger_everywhere() {
    World::with("a_suspended_person_is_a_stranger_everywhere", async |world| {
        add_person(&world.pool, "gone", "Gone", &Role::ALL, "en").await;
        let cookie = world.sign_in("gone", PASSWORD).await.unwrap();
        assert_eq!(world.get(&cookie, "/orders").await.0, 200);
        let suspend = "UPDATE console.staff SET status = 'suspended' WHERE login = 'gone'";
        sqlx::query(suspend).execute(&world.pool).await.unwrap();
        for route in routes().iter().filter(|route| route.need != Need::Nothing) {
            let (status, _) = asked(&world, &cookie, route, "").await;
            let want = if route.method == Method::GET { 303 } else { 401 };
            assert_eq!(status, want, "{} {}", route.method, route.path);
        }
        assert!(world.sign_in("gone", PASSWORD).await.is_none());
    })
    .await;
}

/// Values of an attribute on a page.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let pattern = format!(" {name}=\"");
    page.split(pattern.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|value| value.replace("&amp;", "&").replace("&#38;", "&"))
        .collect()
}

/// An address with every number and code made the same, so that a few of each sort are opened.
fn sort_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let parts = path
        .split('/')
        .map(|part| if part.bytes().any(|b| b.is_ascii_digit()) { "N" } else { part });
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    format!("{}?{}", parts.collect::<Vec<_>>().join("/"), names.collect::<Vec<_>>().join("&"))
}

/// Opens everything that pages lead to, a few of each sort, and gives every page to `look`.
async fn crawl(world: &World, cookie: &str, mut look: impl FnMut(&str, u16, &str)) -> usize {
    const EACH: usize = 4;
    let mut waiting: VecDeque<String> = ["/", "/preferences"].map(str::to_owned).into();
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
    let mut opened = 0;
    while let Some(address) = waiting.pop_front() {
        let (status, page) = world.get(cookie, &address).await;
        opened += 1;
        look(&address, status, &page);
        for href in attributes(&page, "href").into_iter().chain(attributes(&page, "data-href")) {
            let address = href.split('#').next().unwrap_or_default().to_owned();
            let own = address.starts_with('/') && !address.starts_with("/static/");
            if own && seen.insert(address.clone()) {
                let count = sorts.entry(sort_of(&address)).or_default();
                *count += 1;
                if *count <= EACH {
                    waiting.push_back(address);
                }
            }
        }
        // Forms lead somewhere, too.
        for form in page.split("<form ").skip(1) {
            let form = form.split('>').next().unwrap_or_default();
            let form = format!(" {form} ");
            let Some(action) = attributes(&form, "action").pop() else { continue };
            if !form.contains("method=\"post\"") {
                if seen.insert(action.clone()) {
                    waiting.push_back(action);
                }
                continue;
            }
            let answer = world.post(cookie, &action, "").await;
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            assert_ne!(status, 404, "{address} has a form for {action}");
            assert!(!text.contains(NOT_ALLOWED), "{address} offers {action}: {text}");
        }
    }
    opened
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_offers_what_its_reader_may_not_open() {
    World::with("no_page_offers_what_its_reader_may_not_open", async |world| {
        for role in Role::ALL {
            let login = role.as_str().replace('_', "-");
            add_person(&world.pool, &login, &login, &[role], "en").await;
            let cookie = world.sign_in(&login, PASSWORD).await.unwrap();
            let opened = crawl(&world, &cookie, |address, status, page| {
                let fine = status == 200 || status == 303;
                assert!(fine, "{login} is led to {address}, which answers {status}: {page}");
                assert!(!page.contains(NOT_ALLOWED), "{login} is led to {address}");
            })
            .await;
            assert!(opened > 5, "{login} could open {opened} pages only");
        }
    })
    .await;
}

/// Puts DEMO-0002 (account 5) beyond a barrier for `login`.
async fn bar(pool: &PgPool, login: &str) {
    for sql in [
        "UPDATE trading.accounts SET group_id = 9 WHERE code = 'DEMO-0002'".to_owned(),
        format!(
            "INSERT INTO console.staff_barriers (staff_id, group_id)
             SELECT staff_id, 9 FROM console.staff WHERE login = '{login}'"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
    }
}

/// Numbers and client ids of the hidden account's orders.
async fn hidden_orders(pool: &PgPool) -> Vec<(i64, String)> {
    sqlx::query_as("SELECT order_id, client_order_id FROM trading.orders WHERE account_id = 5")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Requests of the hidden account and of another one, and entries about them as the desk makes
/// them: of the decision, which names no account, too.
async fn leave_requests(pool: &PgPool) {
    let trail = zaraba_console::audit::Trail::start(pool.clone());
    for (id, account) in [
        ("7b4d3c70-8a3b-4f2e-9d7e-0c1f5d1e2a3b", "DEMO-0002"),
        ("8c5e4d81-8a3b-4f2e-9d7e-0c1f5d1e2a3b", "DEMO-0001"),
    ] {
        sqlx::query(
            "INSERT INTO console.requests (id, kind, matter, target, at_once, accounts, fields,
                 preview, reason, maker_id, maker, expires_at, state)
             SELECT $1::uuid, 'adjust', 'funds', $2 || '/JPY', false, ARRAY[$2],
                 jsonb_build_object('kind', 'adjust', 'account', $2, 'asset', 'JPY',
                     'amount', '5000'),
                 '{}', 'client asked', staff_id, login, now() + interval '1 day', 'waiting'
             FROM console.staff WHERE login = $3",
        )
        .bind(id)
        .bind(account)
        .bind(LOGIN)
        .execute(pool)
        .await
        .unwrap();
        let id: uuid::Uuid = id.parse().unwrap();
        let (asked, decided) = (
            serde_json::json!({"action": {"kind": "adjust", "account": account}}),
            serde_json::json!({"decision": "approve"}),
        );
        for (kind, detail) in [(Kind::Request, asked), (Kind::Decision, decided)] {
            let object = Object::Request(id);
            let entry = Entry { kind, object, detail, request: Some(id) };
            trail.record(Who { login: LOGIN.into(), ..Who::default() }, entry).await.unwrap();
        }
    }
}

/// A trade that the hidden account had a part in.
async fn hidden_trade(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT min(trade_id) FROM trading.fills WHERE account_id = 5")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Looks at everything of the hidden account as somebody who may, so that the audit trail has
/// it, too.
async fn leave_traces(world: &World, client: &str, trade: i64) {
    add_person(&world.pool, "free", "Free", &Role::ALL, "en").await;
    let cookie = world.sign_in("free", PASSWORD).await.unwrap();
    let asked = [
        format!("/orders/csv?client_order_id={client}"),
        format!("/orders/csv?side=buy&client_order_id=%20{client}"),
        format!("/orders?side=sell&client_order_id={client}"),
        format!("/search?q={client}"),
        format!("/fills/csv?trade_id={trade}"),
        "/accounts/csv?code=DEMO-0002".to_owned(),
    ];
    for path in [
        "/accounts/DEMO-0002",
        "/accounts?code=DEMO-0002",
        "/orders?account=DEMO-0002",
        "/orders/csv?account=DEMO-0002",
        "/orders/50331651",
        "/orders/csv?order_id=50331651",
        "/fills/csv?order_id=50331651",
        "/audit/csv?object_kind=order&object_id=50331651",
        "/fills?account=DEMO-0002",
        "/fills/csv?account=DEMO-0002",
        "/accounts/DEMO-0002/ledger/csv",
        "/search?q=DEMO-0002",
        "/audit?object_kind=account&object_id=DEMO-0002",
        "/audit/csv?object_kind=account&object_id=DEMO-0002",
        "/audit?object_kind=order&object_id=50331651",
        "/orders?group=9",
        "/orders/csv?group=9&side=buy",
        "/orders/csv?group=3",
        "/accounts?group=9",
        "/accounts/csv?status=active&group=9",
    ]
    .into_iter()
    .chain(asked.iter().map(String::as_str))
    {
        let (status, page) = world.get(&cookie, path).await;
        assert!(status == 200 || status == 303 || status == 400, "{path}: {status} {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_beyond_a_barrier_is_shown_linked_counted_or_exported() {
    let settings = "[lists]\npage_rows = 200";
    World::with_settings("nothing_beyond_a_barrier_is_shown", settings, async |world| {
        add_person(&world.pool, "barred", "Barred", &Role::ALL, "en").await;
        let hidden = hidden_orders(&world.pool).await;
        assert!(hidden.len() > 50);
        let trade = hidden_trade(&world.pool).await;
        bar(&world.pool, "barred").await;
        leave_traces(&world, &hidden[0].1, trade).await;
        leave_requests(&world.pool).await;
        let cookie = world.sign_in("barred", PASSWORD).await.unwrap();
        let asked_for = [
            format!("client_order_id={}", hidden[0].1),
            format!("trade_id={trade}"),
            "group=9".to_owned(),
        ];
        let by_group = "SELECT seq FROM audit.entries WHERE detail LIKE '%group=9%'";
        let by_group: Vec<i64> = sqlx::query_scalar(by_group).fetch_all(&world.pool).await.unwrap();
        assert_eq!(by_group.len(), 4, "two lists and two files were asked for by the group");
        for entry in by_group {
            assert_eq!(world.get(&cookie, &format!("/audit/{entry}")).await.0, 404);
        }
        for path in ["/audit", "/audit/csv", "/audit/jsonl"] {
            let (_, page) = world.get(&cookie, path).await;
            assert!(
                page.contains("group=3") || path == "/audit",
                "{path} has what is asked of other groups: {page}"
            );
            for asked in &asked_for {
                assert!(!page.contains(asked.as_str()), "{path} tells that {asked} was asked for");
            }
            assert!(!page.contains("7b4d3c70"), "{path} tells of a request beyond the barrier");
            assert!(page.contains("8c5e4d81") || path == "/audit", "{path} has the other request");
            assert!(!page.contains(&format!("\"{}\"", hidden[0].1)), "{path}: {page}");
        }
        let check = |address: &str, page: &str| {
            assert!(!page.contains("DEMO-0002"), "{address} tells of the account: {page}");
            assert!(!page.contains("group=9"), "{address} tells of the group: {page}");
            let numbers: BTreeSet<&str> = page.split(|c: char| !c.is_ascii_digit()).collect();
            for (id, client) in &hidden {
                let told = numbers.contains(id.to_string().as_str());
                assert!(!told, "{address} tells of order {id}: {page}");
                let quoted = [format!(">{client}<"), format!(",{client},"), format!("{client} ·")];
                for client in quoted {
                    assert!(!page.contains(&client), "{address} tells of {client}: {page}");
                }
            }
        };
        let mut visited = BTreeSet::new();
        let opened = crawl(&world, &cookie, |address, status, page| {
            assert!(status == 200 || status == 303, "{address}: {status} {page}");
            visited.insert(address.split('?').next().unwrap_or_default().to_owned());
            check(address, page);
        })
        .await;
        for page in ["/orders", "/orders/csv", "/fills", "/fills/csv", "/accounts", "/audit"] {
            assert!(visited.contains(page), "{opened} pages, not {page}: {visited:?}");
        }
        // What is asked for by name is not there, and nothing says that it is hidden.
        for path in ["/orders/50331651", "/accounts/DEMO-0002", "/accounts/DEMO-0002/ledger/csv"] {
            let (status, page) = world.get(&cookie, path).await;
            assert_eq!(status, 404, "{path}: {page}");
        }
        for path in [
            // The trail first: what the reader asks for below is in it.
            "/audit/csv",
            "/audit/jsonl",
            "/orders/csv",
            "/fills/csv",
            "/accounts/csv",
            "/orders/csv?account=DEMO-0002",
            "/fills/csv?account=DEMO-0002",
            "/orders/csv?client_order_id=c-3",
            "/orders/csv?order_id=50331651",
        ] {
            let (status, file) = world.get(&cookie, path).await;
            assert_eq!(status, 200, "{path}");
            check(path, &file);
        }
        for q in ["DEMO-0002", "50331651", "c-3"] {
            let (status, page) = world.get(&cookie, &format!("/search?q={q}")).await;
            assert_eq!(status, 200, "a hit would lead on");
            assert!(!page.contains("data-href"), "{q}: {page}");
        }
        // The trade is theirs, too: the reader sees the side of the account they may see.
        let (_, page) = world.get(&cookie, "/orders/1996488823").await;
        assert!(page.contains(">7<") && page.contains("100663302"), "the other sides one may see");
        // What is not hidden is all there.
        let count = |file: &str| file.lines().count() - 1;
        let (_, file) = world.get(&cookie, "/orders/csv").await;
        let visible: i64 =
            sqlx::query_scalar("SELECT count(*) FROM trading.orders WHERE account_id <> 5")
                .fetch_one(&world.pool)
                .await
                .unwrap();
        assert_eq!(count(&file) as i64, visible);
    })
    .await;
}

#[test]
fn the_committed_table_of_permissions_is_the_one_in_force() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/console-permissions.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        committed,
        permissions::table(),
        "renew it: cargo run --bin zaraba-console -- permissions > docs/console-permissions.md"
    );
}
