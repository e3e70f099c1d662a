//! A request from its form to its outcome, with two people and both languages.

use zaraba_console::authz::Role;

use super::{Browser, missing};
use crate::requests::CHECKER;
use crate::world::{LOGIN, PASSWORD, World, add_person, skipped};

impl Browser {
    pub async fn sign_in_as(&self, world: &World, login: &str) {
        self.client.goto(&world.at("/sign-in")).await.unwrap();
        self.type_into("#login", login).await;
        self.type_into("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.wait("header nav").await;
    }

    pub async fn sign_out(&self) {
        self.click("header form[action='/sign-out'] button").await;
        self.wait("#login").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_is_asked_for_in_japanese_and_approved_in_english() {
    const NAME: &str = "an_adjustment_is_asked_for_in_japanese_and_approved_in_english";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    World::with(NAME, async |world| {
        add_person(&world.pool, CHECKER, "Ren Mori", &[Role::Operations], "en").await;
        let ja = sqlx::query("UPDATE console.staff SET language = 'ja' WHERE login = $1");
        ja.bind(LOGIN).execute(&world.pool).await.unwrap();
        let browser = Browser::open(1440, 900).await;
        browser.sign_in_as(&world, LOGIN).await;
        browser.client.goto(&world.at("/requests/new")).await.unwrap();
        browser.click("a[href='/requests/new?kind=adjust']").await;
        assert_eq!(browser.text("h1").await, "残高調整");
        browser.type_into("#i-account", "DEMO-0001").await;
        browser.type_into("#i-asset", "JPY").await;
        browser.type_into("#i-amount", "５，０００").await;
        browser.click("#fields button[type=submit]").await;
        assert!(browser.text("#preview").await.contains("1,005,000"));
        browser.assert_accessible().await;
        browser.type_into("#reason", "顧客からの依頼").await;
        browser.click("#send button[type=submit]").await;
        browser.wait("#outcome[data-state=waiting]").await;
        assert!(browser.text("#decide").await.contains("自分の申請は承認できません"));
        browser.assert_accessible().await;
        browser.sign_out().await;

        browser.sign_in_as(&world, CHECKER).await;
        assert_eq!(browser.text("#waiting .badge").await, "1");
        browser.client.goto(&world.at("/requests")).await.unwrap();
        assert!(browser.text("#requests tbody").await.contains("Balance adjustment"));
        browser.click("#requests tbody th a").await;
        assert!(browser.text("#then").await.contains("1,005,000"));
        browser.assert_accessible().await;
        browser.type_into("#reason", "checked with the bank").await;
        browser.click("#approve").await;
        browser.wait("#outcome[data-state=applied]").await;
        assert!(browser.text("#outcome").await.contains("Applied once"));
        assert!(browser.text("#timeline").await.contains("checked with the bank"));
        browser.wait_until("!document.querySelector('#waiting .badge')").await;
        browser.assert_clean(&world, &[]).await;
        browser.close().await;
        assert_eq!(world.backend().admin.done().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_pushed_to_every_page_and_doubted_when_it_is_not() {
    const NAME: &str = "what_waits_is_pushed_to_every_page_and_doubted_when_it_is_not";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    World::with(NAME, async |world| {
        add_person(&world.pool, CHECKER, "Ren Mori", &[Role::Operations], "en").await;
        let browser = Browser::open(1440, 900).await;
        browser.sign_in_as(&world, CHECKER).await;
        // A list, which has no other live part.
        browser.client.goto(&world.at("/fills")).await.unwrap();
        browser.wait("#fills").await;
        browser.wait_until("!document.querySelector('#waiting .badge')").await;
        let maker = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        world.adjust(&maker).await;
        browser.wait_until("document.querySelector('#waiting .badge')?.textContent === '1'").await;
        // Taken back by whom it belongs to, on another connection of the database.
        let end = "UPDATE console.requests SET state = 'withdrawn', finished_at = now()";
        sqlx::query(end).execute(&world.pool).await.unwrap();
        browser.wait_until("!document.querySelector('#waiting .badge')").await;

        // The overview's card follows the badge.
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait("#for-me .empty").await;
        world.adjust(&maker).await;
        browser.wait("#for-me a[href='/requests']").await;

        // Whoever listens for it loses the database's ear, and gets it back.
        let deaf = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = $1";
        let deaf = sqlx::query_scalar(deaf).bind(zaraba_console::live::told::LISTENER);
        let cut: i64 = deaf.fetch_one(&world.pool).await.unwrap();
        assert_eq!(cut, 1, "one connection listens");
        sqlx::query(end).execute(&world.pool).await.unwrap();
        browser.wait_until("!document.querySelector('#waiting .badge')").await;

        // A reader whose table is locked away is told that the number is old.
        world.adjust(&maker).await;
        browser.wait_until("document.querySelector('#waiting .badge')?.textContent === '1'").await;
        let lock = "ALTER TABLE console.requests RENAME TO requests_away";
        sqlx::query(lock).execute(&world.pool).await.unwrap();
        sqlx::query("SELECT pg_notify('console_requests', '')").execute(&world.pool).await.unwrap();
        browser.wait("#waiting .badge.stale").await;
        assert!(browser.client.source().await.unwrap().contains("Stale since"));
        let unlock = "ALTER TABLE console.requests_away RENAME TO requests";
        sqlx::query(unlock).execute(&world.pool).await.unwrap();
        sqlx::query("SELECT pg_notify('console_requests', '')").execute(&world.pool).await.unwrap();
        browser.wait_until("document.querySelector('#waiting .badge:not(.stale)')").await;
        browser.close().await;
    })
    .await;
}
