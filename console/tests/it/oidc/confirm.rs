//! What a signed-in person does with the provider: link, unlink, and prove anew who they are.

use super::provider::{Provider, Twist};
use super::{cookie, led, linked, newest, onward, returned};
use crate::world::{LOGIN, PASSWORD, World, csrf_of};

/// A world where passwords alone sign in, so that only the provider is a second factor.
async fn with(name: &str, more: &str, test: impl AsyncFnOnce(World, Provider)) {
    let files = tempfile::tempdir().unwrap();
    let (provider, settings) = Provider::start(files.path(), more).await;
    let settings = format!("[sign_in]\nsecond_factor = \"optional\"\n{settings}");
    World::with_settings(name, &settings, async |world| test(world, provider).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_person_is_linked_and_unlinked_again() {
    with("oidc_link", "", async |world, provider| {
        let session = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let elsewhere = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let page = world.get(&session, "/security").await.1;
        assert!(page.contains("Not linked: Firm ID"), "{page}");
        let body = format!("csrf={}", csrf_of(&page));
        for twist in [Twist::OLD_SIGN_IN, Twist::NO_SIGN_IN_TIME] {
            provider.twist(twist);
            let (address, way) = led(world.post(&session, "/security/provider", &body).await).await;
            let refused = returned(&world, &provider.visit(&address), &way).await;
            assert_eq!(refused.status(), 401, "{twist:?}");
            let (kind, object, detail) = newest(&world).await;
            assert_eq!((&*kind, &*object), ("credential", LOGIN));
            assert_eq!(detail["change"], "identity_refused");
        }
        provider.twist(Twist::Nothing);
        let (address, way) = led(world.post(&session, "/security/provider", &body).await).await;
        let done = returned(&world, &provider.visit(&address), &way).await;
        let fresh = cookie(&done, "sid").unwrap();
        assert_eq!(onward(&done.text().await.unwrap()), "/security?done=1");
        let (_, _, detail) = newest(&world).await;
        assert_eq!(detail["change"], "identity_linked");
        for old in [&session, &elsewhere] {
            assert_eq!(world.get(old, "/orders").await.0, 303, "other sessions and secrets end");
        }
        let page = world.get(&fresh, "/security").await.1;
        assert!(page.contains("Linked: Firm ID"), "{page}");

        let body = format!("csrf={}", csrf_of(&page));
        let (address, way) = led(world.post(&fresh, "/security/provider", &body).await).await;
        provider.subject("somebody-else");
        let other = returned(&world, &provider.visit(&address), &way).await;
        assert_eq!(other.status(), 409, "one account of the provider's each");

        let gone = world.post(&fresh, "/security/provider/remove", &body).await;
        assert_eq!(gone.status(), 303);
        assert_eq!(newest(&world).await.2["change"], "identity_unlinked");
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM console.identities")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recent_proof_comes_from_the_provider_and_the_form_waits_for_it() {
    with("oidc_confirm", "", async |world, provider| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        let session = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let aged = "UPDATE console.sessions SET strong_at = now() - interval '1 day'";
        sqlx::query(aged).execute(&world.pool).await.unwrap();
        let csrf = csrf_of(&world.get(&session, "/security").await.1);
        let late =
            world.post(&session, "/security/recovery", &format!("csrf={csrf}&x=a%26b")).await;
        assert_eq!(late.status(), 403);
        let page = late.text().await.unwrap();
        assert!(page.contains("action=\"/confirm/provider\""), "{page}");
        let kept = "x%3Da%2526b";
        let body = format!("csrf={csrf}&next=%2Fsecurity%2Frecovery&kept={kept}");
        let begin = async || led(world.post(&session, "/confirm/provider", &body).await).await;

        provider.twist(Twist::OLD_SIGN_IN);
        let (address, way) = begin().await;
        assert!(!way.contains(kept), "a form does not travel through the provider");
        let refused = returned(&world, &provider.visit(&address), &way).await;
        assert_eq!(refused.status(), 401);
        let (kind, object, detail) = newest(&world).await;
        assert_eq!((&*kind, &*object, &detail["result"]), ("confirm", LOGIN, &"wrong".into()));
        let again = world.get(&session, "/confirm?kept=1&next=%2Fsecurity%2Frecovery").await.1;
        assert!(again.contains("value=\"x=a%26b\""), "the form waits: {again}");

        provider.twist(Twist::Nothing);
        provider.subject("somebody-else");
        let (address, way) = begin().await;
        assert_eq!(returned(&world, &provider.visit(&address), &way).await.status(), 409);

        provider.subject("aki-at-the-firm");
        let (address, way) = begin().await;
        assert_eq!(provider.asked()["prompt"], "login");
        let done = returned(&world, &provider.visit(&address), &way).await;
        assert_eq!(done.status(), 200);
        let fresh = cookie(&done, "sid").unwrap();
        let page = done.text().await.unwrap();
        assert!(page.contains("<form action=\"/security/recovery\" method=\"post\">"), "{page}");
        assert!(page.contains("name=\"x\" value=\"a&#38;b\""), "{page}");
        assert_eq!(world.get(&session, "/orders").await.0, 303, "the old secret is worth nothing");
        let body = format!("csrf={}&x=a%26b", csrf_of(&page));
        assert_eq!(world.post(&fresh, "/security/recovery", &body).await.status(), 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_provider_is_worth_one_factor_ours_is_asked_for() {
    with("oidc_second", "second_factor = \"console\"", async |world, provider| {
        linked(&world, LOGIN, "aki-at-the-firm").await;
        sqlx::query(
            "INSERT INTO console.totp (staff_id, sealed_secret, last_step)
             SELECT staff_id, 'x', 0 FROM console.staff",
        )
        .execute(&world.pool)
        .await
        .unwrap();
        let half = super::signs_in(&world, &provider).await;
        assert!(cookie(&half, "sid").is_none());
        let step = cookie(&half, "step").unwrap();
        assert_eq!(onward(&half.text().await.unwrap()), "/sign-in/second");
        assert!(world.get(&step, "/sign-in/second").await.1.contains("authenticator app"));
    })
    .await;
}
