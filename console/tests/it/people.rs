//! People: proofs of identity, sessions.

use crate::world::{LOGIN, PASSWORD, World, csrf_of};

/// The session cookie an answer sets.
fn cookie_of(answer: &reqwest::Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_renews_the_session_and_brings_the_form_back() {
    World::with("confirming_renews_the_session", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/confirm?next=//evil.example").await;
        assert_eq!(status, 200);
        assert!(page.contains("name=\"next\" value=\"/\""), "{page}");
        let csrf = csrf_of(&page);
        let fields = format!("csrf={csrf}&next=%2Forders&kept=reason%3Da%2526b&password=");
        let wrong = world.post(&cookie, "/confirm", &format!("{fields}wrong")).await;
        assert_eq!(wrong.status(), 401);
        let page = wrong.text().await.unwrap();
        assert!(page.contains("value=\"reason=a%26b\""), "the form is kept: {page}");
        let password = PASSWORD.replace(' ', "+");
        let right = world.post(&cookie, "/confirm", &format!("{fields}{password}")).await;
        assert_eq!(right.status(), 200);
        let fresh = cookie_of(&right);
        let page = right.text().await.unwrap();
        assert!(page.contains("<form action=\"/orders\" method=\"post\">"), "{page}");
        assert!(page.contains("name=\"reason\" value=\"a&#38;b\""), "{page}");
        assert_ne!(fresh, cookie, "the secret is a new one");
        assert_eq!(world.get(&cookie, "/orders").await.0, 303, "the old one is worth nothing");
        assert_eq!(world.get(&fresh, "/orders").await.0, 200);
        assert_ne!(csrf_of(&page), csrf);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_at_the_confirmation_is_slowed() {
    World::with("guessing_at_the_confirmation_is_slowed", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let csrf = csrf_of(&world.get(&cookie, "/confirm").await.1);
        let wrong = format!("csrf={csrf}&password=wrong");
        for _ in 0..5 {
            assert_eq!(world.post(&cookie, "/confirm", &wrong).await.status(), 401);
        }
        let right = format!("csrf={csrf}&password={}", PASSWORD.replace(' ', "+"));
        assert_eq!(world.post(&cookie, "/confirm", &right).await.status(), 429);
    })
    .await;
}
