//! Passkeys, with the virtual authenticator of the browser: made, used alone, used as second
//! factor, used to confirm; and what the server makes of one that was used twice.

use serde_json::{Value, json};

use super::{Browser, missing};
use crate::world::{LOGIN, PASSWORD, World, skipped};

/// Adds an authenticator that keeps passkeys and always finds its owner.
async fn authenticator(browser: &Browser) -> String {
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
    });
    let answer = browser.command("webauthn/authenticator", &options).await;
    answer.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

impl Browser {
    /// A WebDriver command that the client has no words for.
    async fn command(&self, path: &str, body: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/{path}", self.driver_url);
        let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["value"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_and_signs_in() {
    let name = "a_passkey_is_made_and_signs_in";
    if let Some(why) = missing() {
        return skipped(name, &why);
    }
    World::with_settings(name, "# by name", async |world| {
        let browser = Browser::open(1280, 900).await;
        let id = authenticator(&browser).await;
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/security/passkeys/new")).await.unwrap();
        browser.type_into("#name", "Test device").await;
        browser.assert_accessible().await;
        // By keyboard alone: Enter sends the form.
        browser.type_into("#name", "\u{e007}").await;
        browser.wait(".codes").await;
        browser.client.goto(&world.at("/security")).await.unwrap();
        assert!(browser.text("#factors").await.contains("Test device"));
        browser.assert_accessible().await;

        // Alone.
        browser.click("header form[action='/sign-out'] button").await;
        browser.click("form[action='/sign-in/passkey'] button").await;
        browser.wait("header nav").await;
        browser.client.goto(&world.at("/security")).await.unwrap();
        assert!(browser.text("#sessions").await.contains("passkey"));

        // To confirm.
        sqlx::query("UPDATE console.sessions SET strong_at = now() - interval '1 hour'")
            .execute(&world.pool)
            .await
            .unwrap();
        browser.client.goto(&world.at("/security/totp")).await.unwrap();
        browser.click("form[action='/confirm'] button").await;
        browser.wait("svg.qr").await;

        // After the password.
        browser.click("header form[action='/sign-out'] button").await;
        browser.type_into("#login", LOGIN).await;
        browser.type_into("#password", PASSWORD).await;
        browser.click("main button.primary").await;
        browser.wait("#code").await;
        browser.assert_accessible().await;
        browser.click("form[action='/sign-in/second'] button").await;
        browser.wait("header nav").await;
        browser.assert_clean(&world, &[]).await;

        // The counter moved on with each use; a copy that lags behind is refused.
        let credentials: Value = reqwest::get(format!(
            "{}/session/{}/webauthn/authenticator/{id}/credentials",
            browser.driver_url,
            browser.client.session_id().await.unwrap().unwrap()
        ))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
        assert!(credentials["value"][0]["signCount"].as_u64().unwrap() >= 4, "{credentials}");
        sqlx::query("UPDATE console.passkeys SET moving_state = set_byte(moving_state, 2, 255)")
            .execute(&world.pool)
            .await
            .unwrap();
        browser.click("header form[action='/sign-out'] button").await;
        browser.click("form[action='/sign-in/passkey'] button").await;
        assert!(browser.text("#problem").await.contains("passkey"));
        browser.close().await;
    })
    .await;
}
