//! Who signs out at the provider is signed out here, by a token that the provider sends itself.

use serde_json::json;
use zaraba_console::authz::Role;

use super::provider::{Provider, Twist, without};
use super::{SIGN_IN, cookie, linked, newest, signs_in};
use crate::world::{LOGIN, PASSWORD, World, add_person};

/// Sends a token as the provider does: no browser, no cookie, no origin.
async fn told(world: &World, token: &str) -> reqwest::Response {
    let body = format!("logout_token={token}");
    let call = world.http.post(world.at("/sign-in/provider/out"));
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    call.body(body).send().await.unwrap()
}

/// Whether a session is still one.
async fn lives(world: &World, session: &str) -> bool {
    world.get(session, "/security").await.0 == 200
}

async fn session_of(world: &World, provider: &Provider, subject: &str) -> String {
    provider.subject(subject);
    cookie(&signs_in(world, provider).await, "sid").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_there_ends_every_session_of_that_person_here() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), "").await;
    World::with_settings("oidc_logout", &format!("{SIGN_IN}\n{settings}"), async |world| {
        add_person(&world.pool, "ren", "Ren", &[Role::Operations], "en").await;
        linked(&world, LOGIN, "aki-at-the-firm").await;
        linked(&world, "ren", "ren-at-the-firm").await;
        let other = session_of(&world, &provider, "ren-at-the-firm").await;
        let first = session_of(&world, &provider, "aki-at-the-firm").await;
        let second = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        // One that waits for its second factor may not go on, either.
        let step = "INSERT INTO console.sign_in_steps (token_hash, staff_id, next, expires_at)
             SELECT sha256('step'), staff_id, '/', now() + interval '5 minutes'
             FROM console.staff WHERE login = $1";
        sqlx::query(step).bind(LOGIN).execute(&world.pool).await.unwrap();

        let token = provider.logout_token(|_, _| {});
        let answer = told(&world, &token).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(!lives(&world, &first).await && !lives(&world, &second).await);
        assert!(lives(&world, &other).await, "of another person");
        assert_eq!(world.counted("SELECT count(*) FROM console.sign_in_steps").await, 0);
        let (kind, object, detail) = newest(&world).await;
        assert_eq!((&*kind, &*object), ("sign_out", LOGIN));
        assert_eq!(detail, json!({"by": "provider", "sessions": 2}));

        // A token counts once: it ends nothing that began later.
        let again = session_of(&world, &provider, "aki-at-the-firm").await;
        assert_eq!(told(&world, &token).await.status(), 400, "sent again");
        assert!(lives(&world, &again).await);

        // By its session alone; by one that is nobody's; by a person who is nobody here.
        let by_session = provider.logout_token(|it, _| without(it, "sub"));
        assert_eq!(told(&world, &by_session).await.status(), 200);
        assert!(!lives(&world, &again).await && lives(&world, &other).await);
        for (name, value) in [("sid", "session of nobody"), ("sub", "nobody-at-the-firm")] {
            let of_nobody = provider.logout_token(|it, _| {
                without(it, "sub");
                without(it, "sid");
                it[name] = json!(value);
            });
            assert_eq!(told(&world, &of_nobody).await.status(), 200, "{name}");
        }
        assert!(lives(&world, &other).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_hold_ends_nothing() {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), "").await;
    World::with_settings("oidc_bad_logout", &format!("{SIGN_IN}\n{settings}"), async |world| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        let session = session_of(&world, &provider, "aki-at-the-firm").await;
        let made = |change: fn(&mut serde_json::Value, i64)| provider.logout_token(change);
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let mut tokens = vec![
            ("a nonce", made(|it, _| it["nonce"] = json!("n"))),
            ("no events", made(|it, _| without(it, "events"))),
            ("another event", made(|it, _| it["events"] = json!({"signed-in": {}}))),
            ("an event that is a list", made(|it, _| it["events"] = json!([]))),
            ("another audience", made(|it, _| it["aud"] = json!("another client"))),
            ("two audiences", made(|it, _| it["aud"] = json!([it["aud"], "another"]))),
            ("another issuer", made(|it, _| it["iss"] = json!("https://other.example"))),
            ("an old one", made(|it, now| it["iat"] = json!(now - 600))),
            ("of the future", made(|it, now| it["iat"] = json!(now + 600))),
            ("no time", made(|it, _| without(it, "iat"))),
            ("past its time", made(|it, now| it["exp"] = json!(now - 120))),
            ("no id", made(|it, _| without(it, "jti"))),
            ("an empty id", made(|it, _| it["jti"] = json!(""))),
            ("no name", made(|it, _| (without(it, "sub"), without(it, "sid")).1)),
            ("an empty person", made(|it, _| it["sub"] = json!(""))),
            ("an ID token's type", provider.logout_token_typed("JWT", |_, _| {})),
            ("an access token's type", provider.logout_token_typed("at+jwt", |_, _| {})),
            ("nothing", String::new()),
            ("rubbish", "a.b.c".into()),
        ];
        let void = provider.logout_token(|it, _| it["events"] = json!({event: "yes"}));
        tokens.push(("an event that is no object", void));
        for twist in
            [Twist::AlgorithmNone, Twist::SharedSecret, Twist::ForeignKey, Twist::UnknownKey]
        {
            provider.twist(twist);
            tokens.push(("a signature", provider.logout_token(|_, _| {})));
        }
        provider.twist(Twist::Nothing);
        for (what, token) in tokens {
            let answer = told(&world, &token).await;
            assert_eq!(answer.status(), 400, "{what}");
            assert_eq!(answer.text().await.unwrap(), r#"{"error":"invalid_request"}"#, "{what}");
            assert!(lives(&world, &session).await, "{what}");
        }
        // Not from a page of somebody else's either, be the token right.
        let token = provider.logout_token(|_, _| {});
        let call = world.http.post(world.at("/sign-in/provider/out"));
        let call = call.header("origin", "https://evil.example");
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let answer = call.body(format!("logout_token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), 403);
        assert!(lives(&world, &session).await);
        // None of them used anything up, and the key may be a new one.
        provider.rotate();
        let token = provider.logout_token(|_, _| {});
        assert_eq!(told(&world, &token).await.status(), 200);
        assert!(!lives(&world, &session).await);
        let page = zaraba_console::metrics::text().unwrap();
        for result in ["ok", "wrong"] {
            let line = format!("zaraba_console_provider_sign_outs_total{{result=\"{result}\"}}");
            assert!(page.contains(&line), "{line}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_guesses_is_made_to_wait_and_nobody_is_asked_without_a_provider() {
    let files = tempfile::tempdir().unwrap();
    let (_provider, settings) = Provider::start(files.path(), "").await;
    let few = "[sign_in]\nsecond_factor = \"optional\"\nfailures_per_address = 3";
    World::with_settings("oidc_guessed", &format!("{few}\n{settings}"), async |world| {
        for _ in 0..3 {
            assert_eq!(told(&world, "a.b.c").await.status(), 400);
        }
        assert_eq!(told(&world, "a.b.c").await.status(), 429);
    })
    .await;
    World::with("no_provider_to_sign_out", async |world| {
        assert_eq!(told(&world, "a.b.c").await.status(), 404);
    })
    .await;
}
