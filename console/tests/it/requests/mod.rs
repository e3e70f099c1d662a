//! Requests: who may ask and decide, what is looked at anew, once and only once.

mod desk_trades;
mod hooks;
mod kinds;
pub mod office;
mod once;
mod rules;
pub mod whole;

use serde_json::json;
use zaraba_console::authz::Role;

use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of, until};

/// A second person of operations.
pub const CHECKER: &str = "ren";
/// The form of an adjustment of 5,000 yen.
pub const ADJUST: &str = "/requests/new?kind=adjust&account=DEMO-0001&asset=JPY&amount=5000";

/// The value of a hidden field on a page.
pub fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The form of a page as a browser sends it, with a reason.
pub fn filled(page: &str, fields: &str) -> String {
    let (csrf, form, seen) = (csrf_of(page), hidden(page, "form"), hidden(page, "seen"));
    format!("csrf={csrf}&form={form}&seen={seen}&{fields}&reason=client%20asked")
}

const FIELDS: &str = "kind=adjust&account=DEMO-0001&asset=JPY&amount=5000";

impl World {
    /// Signs in the maker and the checker.
    pub async fn two(&self) -> (String, String) {
        add_person(&self.pool, CHECKER, "Ren Mori", &[Role::Operations], "en").await;
        (self.signed_in(LOGIN).await, self.signed_in(CHECKER).await)
    }

    /// Signs in, again while others' passwords are being checked.
    pub async fn signed_in(&self, login: &str) -> String {
        for _ in 0..20 {
            if let Some(cookie) = self.sign_in(login, PASSWORD).await {
                return cookie;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        panic!("{login} cannot sign in");
    }

    /// Asks for the adjustment; its address.
    pub async fn adjust(&self, maker: &str) -> String {
        let (status, page) = self.get(maker, ADJUST).await;
        assert_eq!(status, 200, "{page}");
        let answer = self.post(maker, "/requests", &filled(&page, FIELDS)).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// A column of the only request.
    pub async fn request<T>(&self, column: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let sql = format!("SELECT {column} FROM console.requests ORDER BY number DESC LIMIT 1");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until the newest request is in a state.
    pub async fn until(&self, state: &str) {
        let what = format!("a request that is {state}");
        let there = async || self.request::<String>("state").await == state;
        until(&what, async || there().await.then_some(())).await;
    }
}

/// Puts a waiting request on record, for pages that show one.
pub async fn furnish(world: &World) {
    sqlx::query(
        "INSERT INTO console.requests (id, kind, matter, target, at_once, accounts, fields,
             preview, reason, maker_id, maker, expires_at, state)
         SELECT '7b4d3c70-8a3b-4f2e-9d7e-0c1f5d1e2a3b', 'adjust', 'funds', 'DEMO-0001/JPY', false,
             '{DEMO-0001}', $1, $2, 'client asked', staff_id, login, now() + interval '1 day',
             'waiting'
         FROM console.staff WHERE login = $3",
    )
    .bind(json!({"kind": "adjust", "account": "DEMO-0001", "asset": "JPY", "amount": "5000"}))
    .bind(json!({"facts": [["account", {"as": "account", "is": "DEMO-0001"}]]}))
    .bind(LOGIN)
    .execute(&world.pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_asks_another_approves_and_it_is_done_once() {
    World::with("one_asks_another_approves_and_it_is_done_once", async |world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        assert_eq!(world.backend().admin.arrived(), [], "nothing is done for one person");
        let (status, page) = world.get(&checker, &address).await;
        assert_eq!(status, 200);
        assert!(page.contains("1,005,000") && page.contains("client asked"), "{page}");
        let body = format!("csrf={}&seen={}&reason=fine", csrf_of(&page), hidden(&page, "seen"));
        let answer = world.post(&checker, &format!("{address}/approve"), &body).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        world.until("applied").await;
        let done = world.backend().admin.done();
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].path, "accounts/DEMO-0001/transfers");
        assert_eq!(done[0].actor, LOGIN);
        assert_eq!(done[0].approver.as_deref(), Some(CHECKER));
        assert_eq!(done[0].request_id, world.request::<String>("id::text").await);
        assert_eq!(done[0].body["reason"], "client asked");
        assert_eq!(done[0].body["amount"], "5000");
        let (_, page) = world.get(&maker, &address).await;
        assert!(page.contains("Applied once, journal sequence 101"), "{page}");
        assert!(page.contains(CHECKER) && page.contains("fine"), "{page}");
    })
    .await;
}

impl World {
    /// The fields of a decision, as the request's page gives them.
    async fn verdict(&self, cookie: &str, address: &str, more: &str) -> String {
        let (status, page) = self.get(cookie, address).await;
        assert_eq!(status, 200, "{page}");
        format!("csrf={}&seen={}{more}", csrf_of(&page), hidden(&page, "seen"))
    }

    /// Decides; status and page.
    async fn decides(&self, cookie: &str, address: &str, what: &str, body: &str) -> (u16, String) {
        let answer = self.post(cookie, &format!("{address}/{what}"), body).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn count(&self, wanted: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM console.requests WHERE {wanted}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.pool).await.unwrap()
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.pool).await.unwrap();
    }
}
