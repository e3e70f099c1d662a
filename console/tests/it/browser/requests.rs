//! A request from its form to its outcome, with two people and both languages.

use zaraba_console::authz::Role;

use super::{Browser, missing};
use crate::requests::CHECKER;
use crate::world::{LOGIN, PASSWORD, World, add_person, skipped};

impl Browser {
    async fn sign_in_as(&self, world: &World, login: &str) {
        self.client.goto(&world.at("/sign-in")).await.unwrap();
        self.type_into("#login", login).await;
        self.type_into("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.wait("header nav").await;
    }

    async fn sign_out(&self) {
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
