//! People: signing in, second factors, proofs of identity, invitations, sessions.

use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of};

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

/// Signs in where a second factor is asked for: the cookie of the step between.
async fn first_step(world: &World) -> String {
    let answer = world.try_sign_in(LOGIN, PASSWORD).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/sign-in/second");
    cookie_of(&answer)
}

/// The code of the person's authenticator for a step from the last one that counted.
async fn code_after(world: &World, secret: &str, steps: i64) -> String {
    let last: i64 = sqlx::query_scalar("SELECT last_step FROM console.totp")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    code_at(secret, u64::try_from(last + steps).unwrap() * 30)
}

/// The code at a time, as an authenticator app makes it from the shown secret.
fn code_at(secret: &str, time: u64) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = secret
        .chars()
        .filter(|c| *c != ' ')
        .flat_map(|c| {
            let value = letters.find(c).unwrap();
            (0..5).rev().map(move |at| (value >> at & 1) as u8)
        })
        .collect();
    let bytes: Vec<u8> = bits.chunks(8).map(|b| b.iter().fold(0, |a, bit| a << 1 | bit)).collect();
    let secret = totp_rs::Secret::new(bytes.into_boxed_slice());
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(time).to_string()
}

/// Sets up an authenticator app: the cookie from then on, the secret, the recovery codes.
async fn set_up_totp(world: &World, cookie: &str) -> (String, String, Vec<String>) {
    let (status, page) = world.get(cookie, "/security/totp").await;
    assert_eq!(status, 200, "{page}");
    let between = |page: &str, from: &str, to: &str| {
        page.split_once(from).unwrap().1.split(to).next().unwrap().to_owned()
    };
    let secret = between(&page, "<code id=\"secret\">", "</code>");
    let sealed = between(&page, "name=\"sealed\" value=\"", "\"");
    assert!(page.contains("<svg class=\"qr\""));
    let csrf = csrf_of(&page);
    let wrong = format!("csrf={csrf}&sealed={sealed}&code=000000x");
    let answer = world.post(cookie, "/security/totp", &wrong).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains(&secret), "the same secret is shown again");
    let now = u64::try_from(zaraba_console::clock::now().as_second()).unwrap();
    let right = format!("csrf={csrf}&sealed={sealed}&code={}", code_at(&secret, now));
    let answer = world.post(cookie, "/security/totp", &right).await;
    assert_eq!(answer.status(), 200);
    let fresh = cookie_of(&answer);
    let page = answer.text().await.unwrap();
    let codes: Vec<String> = page
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10, "{page}");
    (fresh, secret, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_app_is_asked_for_and_each_code_counts_once() {
    World::with("an_authenticator_app_is_asked_for", async |world| {
        let other = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (fresh, secret, codes) = set_up_totp(&world, &cookie).await;
        assert_eq!(world.get(&other, "/orders").await.0, 303, "other sessions end");
        assert_eq!(world.get(&cookie, "/orders").await.0, 303, "and this one's old secret");
        assert_eq!(world.get(&fresh, "/orders").await.0, 200);
        // What the database holds gives neither codes nor recovery codes.
        let kept: String = sqlx::query_scalar(
            "SELECT encode(sealed_secret, 'hex') || (SELECT string_agg(encode(code_hash, 'hex'), '')
             FROM console.recovery_codes) FROM console.totp",
        )
        .fetch_one(&world.pool)
        .await
        .unwrap();
        for text in [&codes[0], &codes[0].replace('-', ""), &secret.replace(' ', "")] {
            assert!(!kept.contains(&hex::encode(text)), "{text}");
        }
        let step = first_step(&world).await;
        assert_eq!(world.get(&step, "/orders").await.0, 303, "the password alone opens nothing");
        let used = code_after(&world, &secret, 0).await;
        let send = |code: &str| {
            let body = format!("code={code}");
            let (world, step) = (&world, step.clone());
            async move { world.post(&step, "/sign-in/second", &body).await }
        };
        assert_eq!(send(&used).await.status(), 401, "a code counts once");
        let next = code_after(&world, &secret, 1).await;
        let inside = send(&next).await;
        assert_eq!(inside.status(), 303);
        assert_eq!(inside.headers()["location"], "/orders", "where they wanted to go");
        let cookie = cookie_of(&inside);
        assert_eq!(world.get(&cookie, "/orders").await.0, 200);
        assert_eq!(send(&next).await.headers()["location"], "/sign-in?ended=1", "the step is over");
        // A recovery code, once.
        let step = first_step(&world).await;
        let body = format!("code={}", codes[3].to_lowercase());
        let inside = world.post(&step, "/sign-in/second", &body).await;
        assert_eq!(inside.headers()["location"], "/security?recovered=1");
        let step = first_step(&world).await;
        assert_eq!(world.post(&step, "/sign-in/second", &body).await.status(), 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_second_factors_is_limited_by_person() {
    World::with("guessing_second_factors_is_limited_by_person", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, secret, _) = set_up_totp(&world, &cookie).await;
        for _ in 0..5 {
            // A fresh step each time: the count is the person's.
            let step = first_step(&world).await;
            let answer = world.post(&step, "/sign-in/second", "code=123456x").await;
            assert_eq!(answer.status(), 401);
        }
        let step = first_step(&world).await;
        let right = format!("code={}", code_after(&world, &secret, 1).await);
        assert_eq!(world.post(&step, "/sign-in/second", &right).await.status(), 429);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_second_factor_is_required_it_comes_before_anything_else() {
    let settings = "[sign_in]\nsecond_factor = \"required\"";
    World::with_settings("a_second_factor_is_required", settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for path in ["/", "/orders", "/preferences", "/books"] {
            let answer = world.http.get(world.at(path)).header("cookie", &cookie).send().await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), 303);
            assert_eq!(answer.headers()["location"], "/security");
        }
        let (status, page) = world.get(&cookie, "/security").await;
        assert_eq!(status, 200);
        assert!(page.contains("id=\"must-enrol\""), "{page}");
        let (fresh, _, _) = set_up_totp(&world, &cookie).await;
        assert_eq!(world.get(&fresh, "/orders").await.0, 200);
        // The last factor stays.
        let csrf = csrf_of(&world.get(&fresh, "/security").await.1);
        let body = format!("csrf={csrf}");
        let answer = world.post(&fresh, "/security/totp/remove", &body).await;
        assert_eq!(answer.status(), 400);
        assert!(answer.text().await.unwrap().contains("add another"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_proof_is_asked_for_again_and_the_form_kept() {
    World::with("an_old_proof_is_asked_for_again", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let csrf = csrf_of(&world.get(&cookie, "/security").await.1);
        sqlx::query("UPDATE console.sessions SET strong_at = now() - interval '11 minutes'")
            .execute(&world.pool)
            .await
            .unwrap();
        let answer = world.http.get(world.at("/security/totp")).header("cookie", &cookie).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.headers()["location"], "/confirm?next=%2Fsecurity%2Ftotp");
        let body = format!("csrf={csrf}&extra=a%26b");
        let asked = world.post(&cookie, "/security/recovery", &body).await;
        assert_eq!(asked.status(), 403);
        let page = asked.text().await.unwrap();
        assert!(page.contains("name=\"kept\" value=\"extra=a%26b\""), "{page}");
        let made: i64 = sqlx::query_scalar("SELECT count(*) FROM console.recovery_codes")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(made, 0, "nothing was done");
        let foreign = world.post(&cookie, "/security/recovery", "csrf=no").await;
        assert!(!foreign.text().await.unwrap().contains("name=\"kept\""), "without the token");
        let password = PASSWORD.replace(' ', "+");
        let proof = format!("csrf={csrf}&next=%2Fsecurity%2Ftotp&password={password}");
        let right = world.post(&cookie, "/confirm", &proof).await;
        assert_eq!(right.headers()["location"], "/security/totp");
        assert_eq!(world.get(&cookie_of(&right), "/security/totp").await.0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_gives_a_password_once() {
    use zaraba_console::people::staff::{self, Change};
    World::with("an_invitation_gives_a_password_once", async |world| {
        let key = zaraba_console::server::open_key(&world.config).unwrap();
        let new = staff::New {
            name: "Mei Ito",
            email: Some("mei@example.com"),
            roles: &[zaraba_console::authz::Role::Viewer],
            language: "en",
            zone: "Asia/Tokyo",
        };
        let invite = || staff::apply(&world.pool, None, "mei", Change::Invite(new));
        invite().await.unwrap();
        assert!(matches!(invite().await, Err(staff::Problem::Exists)));
        assert!(world.sign_in("mei", "").await.is_none(), "no password is no way in");
        let first = staff::link(&world.pool, &key, "mei", "admin", 72).await.unwrap();
        let code = staff::link(&world.pool, &key, "mei", "admin", 72).await.unwrap();
        let take = |code: &str, password: &str, again: &str| {
            let body = format!("code={code}&password={password}&again={again}");
            let world = &world;
            async move { world.post("", "/invite", &body).await }
        };
        let good = "nine+quiet+herons+by+the+lake";
        assert_eq!(take(&first, good, good).await.status(), 401, "the newest code counts");
        assert_eq!(take(&code, good, "another").await.status(), 400);
        for (weak, says) in [("short", "fewer than 12"), ("meiito-meiito", "would be guessed")] {
            let answer = take(&code, weak, weak).await;
            assert_eq!(answer.status(), 400);
            assert!(answer.text().await.unwrap().contains(says), "{weak}");
        }
        let inside = take(&code, good, good).await;
        assert_eq!(inside.status(), 303);
        assert_eq!(inside.headers()["location"], "/security");
        assert_eq!(world.get(&cookie_of(&inside), "/books").await.0, 200);
        assert_eq!(take(&code, good, good).await.status(), 401, "used up");
        assert!(world.sign_in("mei", "nine quiet herons by the lake").await.is_some());
        // Reset takes every way in; a code that is over does not give one.
        staff::apply(&world.pool, None, "mei", Change::Reset).await.unwrap();
        assert!(world.sign_in("mei", "nine quiet herons by the lake").await.is_none());
        let code = staff::link(&world.pool, &key, "mei", "admin", 72).await.unwrap();
        sqlx::query("UPDATE console.invitations SET expires_at = now()")
            .execute(&world.pool)
            .await
            .unwrap();
        assert_eq!(take(&code, good, good).await.status(), 401, "over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    World::with("sessions_are_listed_and_ended_by_their_owner_only", async |world| {
        add_person(&world.pool, "other", "Other", &[], "en").await;
        let mine = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let also = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let third = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let theirs = world.sign_in("other", PASSWORD).await.unwrap();
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT session_id FROM console.sessions JOIN console.staff USING (staff_id)
             WHERE login = $1 ORDER BY session_id",
        )
        .bind(LOGIN)
        .fetch_all(&world.pool)
        .await
        .unwrap();
        let (_, page) = world.get(&mine, "/security").await;
        assert_eq!(page.matches("127.0.0.1").count(), 3, "{page}");
        let end = |cookie: String, path: String| {
            let world = &world;
            async move {
                let csrf = csrf_of(&world.get(&cookie, "/security").await.1);
                world.post(&cookie, &path, &format!("csrf={csrf}")).await.status().as_u16()
            }
        };
        let path = format!("/security/sessions/{}/end", ids[1]);
        assert_eq!(end(theirs.clone(), path.clone()).await, 404);
        assert_eq!(world.get(&also, "/orders").await.0, 200);
        assert_eq!(end(mine.clone(), path).await, 303);
        assert_eq!(world.get(&also, "/orders").await.0, 303);
        assert_eq!(end(mine.clone(), "/security/sessions/end-others".into()).await, 303);
        assert_eq!(world.get(&third, "/orders").await.0, 303);
        assert_eq!(world.get(&mine, "/orders").await.0, 200);
        assert_eq!(world.get(&theirs, "/preferences").await.0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_the_password_needs_the_present_one_and_ends_other_sessions() {
    World::with("changing_the_password_needs_the_present_one", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let other = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let csrf = csrf_of(&world.get(&cookie, "/security").await.1);
        let good = "nine+quiet+herons+by+the+lake";
        let send = |current: &str, new: &str| {
            let body = format!("csrf={csrf}&current={current}&password={new}&again={new}");
            let (world, cookie) = (&world, cookie.clone());
            async move { world.post(&cookie, "/security/password", &body).await }
        };
        assert_eq!(send("wrong", good).await.status(), 401);
        let present = PASSWORD.replace(' ', "+");
        assert_eq!(send(&present, "aki-tanaka-aki").await.status(), 400);
        let changed = send(&present, good).await;
        assert_eq!(changed.status(), 303);
        assert_eq!(world.get(&other, "/orders").await.0, 303);
        assert_eq!(world.get(&cookie_of(&changed), "/orders").await.0, 200);
        assert!(world.sign_in(LOGIN, PASSWORD).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_always_manages_staff() {
    use zaraba_console::authz::Role;
    use zaraba_console::people::staff::{Change, Problem, apply};
    World::with("somebody_always_manages_staff", async |world| {
        let pool = &world.pool;
        for login in ["admin", "admin-2"] {
            add_person(pool, login, "Admin", &[Role::Administrator], "en").await;
        }
        let cookie = world.sign_in("admin", PASSWORD).await.unwrap();
        let both = [Role::Administrator, Role::Viewer];
        apply(pool, Some("r1"), "admin", Change::Roles(&both)).await.unwrap();
        assert_eq!(world.get(&cookie, "/").await.0, 303, "new roles, new sign-in");
        // The same request again changes nothing.
        apply(pool, Some("r1"), "admin", Change::Roles(&[])).await.unwrap();
        apply(pool, Some("r2"), "admin-2", Change::Suspended(true)).await.unwrap();
        for change in [Change::Suspended(true), Change::Roles(&[Role::Viewer]), Change::Reset] {
            let done = apply(pool, Some("r3"), "admin", change).await;
            assert!(matches!(done, Err(Problem::LastAdministrator)), "{done:?}");
        }
        apply(pool, Some("r3"), "admin", Change::Barriers(&[7, 3, 7])).await.unwrap();
        let cookie = world.sign_in("admin", PASSWORD).await.unwrap();
        assert_eq!(world.get(&cookie, "/").await.0, 200);
        let groups: Vec<i32> =
            sqlx::query_scalar("SELECT group_id FROM console.staff_barriers ORDER BY 1")
                .fetch_all(pool)
                .await
                .unwrap();
        assert_eq!(groups, [3, 7]);
        // The operator on the machine may lock everybody out, and let them in again.
        apply(pool, None, "admin", Change::Reset).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_staff_hand_over_codes_and_end_sessions() {
    use zaraba_console::authz::Role;
    use zaraba_console::people::staff::{Change, New, apply};
    World::with("administrators_see_staff", async |world| {
        add_person(&world.pool, "admin", "Admin", &[Role::Administrator], "en").await;
        add_person(&world.pool, "auditor", "Auditor", &[Role::Auditor], "en").await;
        let (admin, theirs) = (
            world.sign_in("admin", PASSWORD).await.unwrap(),
            world.sign_in(LOGIN, PASSWORD).await.unwrap(),
        );
        let auditor = world.sign_in("auditor", PASSWORD).await.unwrap();
        let (status, page) = world.get(&admin, "/staff?q=tanaka").await;
        assert_eq!(status, 200);
        assert!(page.contains("href=\"/staff/aki\"") && !page.contains("/staff/auditor"), "{page}");
        assert_eq!(world.get(&admin, "/staff?role=king").await.0, 400);
        assert_eq!(world.get(&theirs, "/staff").await.0, 403);
        let (_, page) = world.get(&auditor, "/staff/aki").await;
        assert!(page.contains("127.0.0.1") && !page.contains("/sessions/end"), "only to read");
        let (_, page) = world.get(&admin, "/staff/aki").await;
        assert!(page.contains("kind=staff_suspend") && !page.contains("argon2"), "{page}");
        let csrf = csrf_of(&page);
        let body = format!("csrf={csrf}");
        let denied = world.post(&auditor, "/staff/aki/sessions/end", &body).await;
        assert_eq!(denied.status(), 403);
        let ended = world.post(&admin, "/staff/aki/sessions/end", &body).await;
        assert_eq!(ended.headers()["location"], "/staff/aki?done=1");
        assert_eq!(world.get(&theirs, "/orders").await.0, 303);
        assert_eq!(world.post(&admin, "/staff/aki/code", &body).await.status(), 400, "active");
        let new = New {
            name: "Mei Ito",
            email: None,
            roles: &[Role::Viewer],
            language: "en",
            zone: "UTC",
        };
        apply(&world.pool, Some("r"), "mei", Change::Invite(new)).await.unwrap();
        let made = world.post(&admin, "/staff/mei/code", &body).await;
        assert_eq!(made.status(), 200);
        let page = made.text().await.unwrap();
        let code = page.split_once("<code id=\"code\">").unwrap().1.split('<').next().unwrap();
        assert!(page.contains(&format!("/invite#{code}")), "{page}");
        let take = format!("code={code}&password=seven+quiet+herons&again=seven+quiet+herons");
        assert_eq!(world.post("", "/invite", &take).await.status(), 303);
    })
    .await;
}
