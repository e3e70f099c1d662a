//! Signing in at the firm's identity provider, over TLS, against a real one that signs with
//! real keys.

mod confirm;
mod logout;
mod provider;

use provider::{CLIENT, Provider, Twist, without};
use reqwest::Response;
use serde_json::{Value, json};
use zaraba_console::authz::Role;

use crate::browser::Browser;
use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of, until};

/// What every one of these consoles is set to.
const SIGN_IN: &str = "[sign_in]\nsecond_factor = \"required\"\nfailures_per_login = 1000";

/// The value of a cookie an answer sets, as the browser would send it.
fn cookie(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get_all("set-cookie").iter().find_map(|set| {
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        pair.starts_with(&format!("__Host-{name}=")).then(|| pair.to_owned())
    })
}

/// Where the page goes on to by itself.
fn onward(page: &str) -> String {
    let (_, rest) = page.split_once("http-equiv=\"refresh\" content=\"0; url=").expect(page);
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

/// A way to the provider that a form began: its address and the cookie that holds it.
async fn led(answer: Response) -> (String, String) {
    assert_eq!(answer.status(), 200);
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("SameSite=Lax") && set.contains("HttpOnly") && set.contains("Secure"));
    let way = cookie(&answer, "provider").unwrap();
    (onward(&answer.text().await.unwrap()), way)
}

/// The way back: the session's (strict) cookie does not come along.
async fn returned(world: &World, back: &str, way: &str) -> Response {
    assert!(back.starts_with(&world.url), "{back}");
    world.http.get(back).header("cookie", way).send().await.unwrap()
}

/// From the sign-in page to the provider and back.
async fn signs_in(world: &World, provider: &Provider) -> Response {
    let begun = world.post("", "/sign-in/provider", "next=%2Forders").await;
    let (address, way) = led(begun).await;
    returned(world, &provider.visit(&address), &way).await
}

async fn code_for(world: &World, login: &str) -> String {
    let key = zaraba_console::people::seal::Key::load_or_create(&world.config.key_file).unwrap();
    zaraba_console::people::staff::link(&world.pool, &key, login, "test", 24).await.unwrap()
}

async fn invite(world: &World, login: &str) {
    sqlx::query(
        "INSERT INTO console.staff (login, name, roles, language, zone, status)
         VALUES ($1, 'Mei Sato', '{operations}', 'en', 'Asia/Tokyo', 'invited')",
    )
    .bind(login)
    .execute(&world.pool)
    .await
    .unwrap();
}

/// Links a person as if they had done so earlier.
async fn linked(world: &World, login: &str, subject: &str) {
    sqlx::query(
        "INSERT INTO console.identities (issuer, subject, staff_id)
         SELECT $1, $2, staff_id FROM console.staff WHERE login = $3",
    )
    .bind(&world.config.oidc.issuer)
    .bind(subject)
    .bind(login)
    .execute(&world.pool)
    .await
    .unwrap();
}

/// The newest audit entry: kind, object and detail.
async fn newest(world: &World) -> (String, String, Value) {
    sqlx::query_as(
        "SELECT kind, object_id, detail::jsonb FROM audit.entries ORDER BY seq DESC LIMIT 1",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_taken_up_at_the_provider_and_signs_in_from_then_on() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), "").await;
    World::with_settings("oidc_invitation", &format!("{SIGN_IN}\n{settings}"), async |world| {
        invite(&world, "mei").await;
        provider.subject("mei-at-the-firm");
        let stranger = signs_in(&world, &provider).await;
        assert_eq!(stranger.status(), 401);
        assert!(stranger.text().await.unwrap().contains("Nobody here is linked"));
        assert_eq!(newest(&world).await.2["result"], "unknown");

        let wrong = world.post("", "/invite/provider", "code=0000-0000-0000-0000-0000-0000").await;
        assert_eq!(wrong.status(), 401);
        let code = code_for(&world, "mei").await;
        let (address, way) =
            led(world.post("", "/invite/provider", &format!("code={code}")).await).await;
        let back = provider.visit(&address);
        let asked = provider.asked();
        assert_eq!((&*asked["prompt"], &*asked["max_age"]), ("login", "0"));
        let taken = returned(&world, &back, &way).await;
        assert_eq!(taken.status(), 200);
        let session = cookie(&taken, "sid").unwrap();
        assert_eq!(onward(&taken.text().await.unwrap()), "/security");
        assert_eq!(world.get(&session, "/orders").await.0, 200, "the provider's factors count");

        let again = returned(&world, &back, &way).await;
        assert_eq!(again.status(), 401, "a way is gone once");
        assert!(cookie(&again, "sid").is_none());

        let signed = signs_in(&world, &provider).await;
        let session = cookie(&signed, "sid").unwrap();
        assert_eq!(onward(&signed.text().await.unwrap()), "/orders");
        let (kind, object, detail) = newest(&world).await;
        assert_eq!((&*kind, &*object, &detail["method"]), ("sign_in", "mei", &"oidc".into()));
        let csrf = csrf_of(&world.get(&session, "/security").await.1);
        let out = world.post(&session, "/sign-out", &format!("csrf={csrf}")).await;
        assert_eq!(out.headers()["location"], "/sign-in?out=provider");
        let page = world.get("", "/sign-in?out=provider").await.1;
        assert!(page.contains("/firm/leave?client_id=zaraba%20console&#38;post_logout"), "{page}");
        assert_eq!(world.get(&session, "/orders").await.0, 303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_lets_nobody_in() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), "acr = \"two-factors\"").await;
    World::with_settings("oidc_bad", &format!("{SIGN_IN}\n{settings}"), async |world| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        use Twist::*;
        let twists = [
            Claims(|it, _| it["nonce"] = json!("another")),
            Claims(|it, _| it["aud"] = json!("another client")),
            Claims(|it, _| it["aud"] = json!([CLIENT, "another client"])),
            Claims(|it, _| it["azp"] = json!("another client")),
            Claims(|it, _| it["iss"] = json!("https://other.example")),
            Claims(|it, _| it["sub"] = json!("")),
            Claims(|it, _| it["acr"] = json!("one-factor")),
            Claims(|it, now| it["exp"] = json!(now - 120)),
            Claims(|it, _| without(it, "exp")),
            Claims(|it, now| it["iat"] = json!(now + 86_400)),
            AlgorithmNone,
            SharedSecret,
            ForeignKey,
            UnknownKey,
            CodeRefused,
        ];
        for (number, twist) in twists.into_iter().enumerate() {
            provider.twist(twist);
            let refused = signs_in(&world, &provider).await;
            assert_eq!(refused.status(), 401, "{number}: {twist:?}");
            assert!(cookie(&refused, "sid").is_none(), "{number}: {twist:?}");
            assert!(refused.text().await.unwrap().contains("does not hold"), "{number}: {twist:?}");
            let (kind, _, detail) = newest(&world).await;
            assert_eq!((&*kind, &detail["result"]), ("sign_in_refused", &"wrong".into()));
        }
        provider.twist(Nothing);
        let begin = async || led(world.post("", "/sign-in/provider", "next=%2F").await).await;
        let (address, way) = begin().await;
        let back = provider.visit(&address);
        let (_, other_way) = begin().await;
        for (back, way, status) in [
            (back.replacen("state=", "state=x", 1), way.as_str(), 401),
            (back.clone(), other_way.as_str(), 401),
            (back.clone(), "", 400),
            (back.clone(), "__Host-provider=00ff", 400),
            (format!("{back}&iss=https://other.example"), way.as_str(), 401),
            (format!("{}&error=access_denied", back.replace("code=", "no=")), way.as_str(), 401),
        ] {
            let refused = returned(&world, &back, way).await;
            assert_eq!(refused.status(), status, "{back}");
            assert!(cookie(&refused, "sid").is_none(), "{back}");
        }
        let right = returned(&world, &back, &way).await;
        assert!(cookie(&right, "sid").is_some(), "none of these used it up");
        assert_eq!(provider.asked()["acr_values"], "two-factors");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_changes_its_keys_and_whoever_is_suspended_stays_out() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), "").await;
    World::with_settings("oidc_keys", &format!("{SIGN_IN}\n{settings}"), async |world| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        assert!(cookie(&signs_in(&world, &provider).await, "sid").is_some());
        provider.rotate();
        assert!(cookie(&signs_in(&world, &provider).await, "sid").is_some(), "with a new RSA key");
        sqlx::query("UPDATE console.staff SET status = 'suspended'")
            .execute(&world.pool)
            .await
            .unwrap();
        let refused = signs_in(&world, &provider).await;
        assert_eq!(refused.status(), 401);
        assert!(cookie(&refused, "sid").is_none());
        let (_, object, detail) = newest(&world).await;
        assert_eq!((&*object, &detail["result"]), (LOGIN, &"suspended".into()));
        let page = zaraba_console::metrics::text().unwrap();
        for line in [
            "zaraba_console_sign_ins_total{method=\"oidc\",result=\"suspended\"}",
            "zaraba_console_provider_calls_total{call=\"token\",result=\"answered\"}",
        ] {
            assert!(page.contains(line), "{line}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_provider_it_is_said_and_other_ways_go_on() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start_with_patience(files.path(), "", 1).await;
    let settings = format!("[sign_in]\nsecond_factor = \"optional\"\n{settings}");
    World::with_settings("oidc_away", &settings, async |world| {
        use Twist::*;
        for twist in [MetadataRubbish, MetadataOfOther, MetadataPlain] {
            provider.twist(twist);
            let away = world.post("", "/sign-in/provider", "next=%2F").await;
            assert_eq!(away.status(), 502, "{twist:?}");
            assert!(away.text().await.unwrap().contains("Firm ID cannot be reached"));
        }
        provider.twist(Nothing);
        linked(&world, LOGIN, "aki-at-the-firm").await;
        // On a busy machine it may be too late the first time; its addresses are known then.
        until("the provider's metadata", async || {
            let begun = world.post("", "/sign-in/provider", "next=%2F").await;
            (begun.status() == 200).then_some(())
        })
        .await;
        for twist in [TokenRubbish, TokenTooLong, TokenBroken, TokenSilent] {
            provider.twist(twist);
            let away = signs_in(&world, &provider).await;
            assert_eq!(away.status(), 502, "{twist:?}");
            assert!(cookie(&away, "sid").is_none());
            assert_eq!(newest(&world).await.2["result"], "provider_away");
        }
        assert!(world.sign_in(LOGIN, PASSWORD).await.is_some(), "with the password");
        let page = world.get("", "/sign-in?lang=ja").await.1;
        assert!(page.contains("Firm IDでサインイン"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_provider_is_required_passwords_are_for_emergencies() {
    let files = tempfile::tempdir().unwrap();
    let more = "required = true\nbreak_glass = [\"keeper\"]";
    let (provider, settings) = Provider::start(files.path(), more).await;
    let settings = format!("[sign_in]\nsecond_factor = \"optional\"\n{settings}");
    World::with_settings("oidc_required", &settings, async |world| {
        add_person(&world.pool, "keeper", "Keeper", &[Role::Administrator], "en").await;
        linked(&world, LOGIN, "aki-at-the-firm").await;
        assert_eq!(world.try_sign_in(LOGIN, PASSWORD).await.status(), 401, "off");
        assert!(world.sign_in("keeper", PASSWORD).await.is_some());
        let (_, object, detail) = newest(&world).await;
        assert_eq!((&*object, &detail["break_glass"]), ("keeper", &true.into()));
        invite(&world, "mei").await;
        let code = code_for(&world, "mei").await;
        let word = "nine+quiet+otters+rowing";
        let sent = format!("code={code}&password={word}&again={word}");
        assert_eq!(world.post("", "/invite", &sent).await.status(), 403);
        let session = cookie(&signs_in(&world, &provider).await, "sid").unwrap();
        let csrf = csrf_of(&world.get(&session, "/security").await.1);
        let body = format!("csrf={csrf}");
        let kept = world.post(&session, "/security/provider/remove", &body).await;
        assert_eq!(kept.status(), 400, "the password is no other way in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_goes_there_and_back_with_its_strict_cookies() {
    if let Some(why) = crate::browser::missing() {
        return crate::world::skipped("a_browser_goes_there_and_back", &why);
    }
    let files = tempfile::tempdir().unwrap();
    let (_provider, settings) = Provider::start(files.path(), "").await;
    World::with_settings("oidc_browser", &format!("{SIGN_IN}\n{settings}"), async |world| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        let browser = Browser::open(1440, 900).await;
        browser.client.goto(&world.at("/sign-in?next=%2Forders")).await.unwrap();
        browser.click("form.provider button").await;
        browser.wait("#orders").await;
        let aged = "UPDATE console.sessions SET strong_at = now() - interval '1 day'";
        sqlx::query(aged).execute(&world.pool).await.unwrap();
        browser.client.goto(&world.at("/security/totp")).await.unwrap();
        browser.click("form.provider button").await;
        browser.wait("#secret").await;
        let url = browser.client.current_url().await.unwrap();
        assert_eq!(url.path(), "/security/totp");
        browser.close().await;
    })
    .await;
}
