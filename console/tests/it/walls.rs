//! What keeps strangers and mistakes out: every route's need, sign-in and its throttle, form
//! tokens, foreign sites, headers, half-open connections.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use axum::http::Method;
use zaraba_console::authz::{Need, Role};
use zaraba_console::router::routes;
use zaraba_console::server::CONTENT_SECURITY_POLICY;

use crate::world::{LOGIN, PASSWORD, World, add_person, client, csrf_of};

#[tokio::test(flavor = "multi_thread")]
async fn no_route_but_the_listed_ones_answers_a_stranger() {
    World::with("no_route_but_the_listed_ones_answers_a_stranger", async |world| {
        let mut closed = 0;
        for route in routes() {
            let path = route
                .path
                .replace("{symbol}", "7203")
                .replace("{order_id}", "1996488823")
                .replace("{request}", "1")
                .replace("{trade_id}", "7")
                .replace("{code}", "DEMO-0001")
                .replace("{*path}", "none/none.css");
            let request = world.http.request(route.method.clone(), world.at(&path));
            let answer = request.header("origin", &world.url).send().await.unwrap();
            let status = answer.status().as_u16();
            if route.need == Need::Nothing {
                // The step after the password leads back to it.
                let back = path == "/sign-in/second" && status == 303;
                let open = back || !matches!(status, 401 | 303 | 403);
                assert!(open, "{path} is open but answered {status}");
                continue;
            }
            closed += 1;
            if route.method == Method::GET {
                assert_eq!(status, 303, "{path}");
                let to = answer.headers()["location"].to_str().unwrap();
                assert!(to.starts_with("/sign-in?"), "{path} leads to {to}");
            } else {
                assert_eq!(status, 401, "{} {path}", route.method);
            }
            let text = answer.text().await.unwrap();
            assert!(
                !text.contains("7203") && !text.contains("DEMO"),
                "{path} told a stranger: {text}"
            );
        }
        assert!(closed > 10, "the walk saw only {closed} closed routes");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_decide_and_a_person_without_any_sees_nothing() {
    World::with("roles_decide_and_a_person_without_any_sees_nothing", async |world| {
        add_person(&world.pool, "nobody", "No Role", &[], "ja").await;
        let cookie = world.sign_in("nobody", PASSWORD).await.unwrap();
        for route in routes().iter().filter(|r| matches!(r.need, Need::May(_) | Need::Recent(_))) {
            let path = route
                .path
                .replace("{symbol}", "7203")
                .replace("{order_id}", "1")
                .replace("{code}", "DEMO-0001")
                .replace("{trade_id}", "7");
            let request = world.http.request(route.method.clone(), world.at(&path));
            let request = request.header("origin", &world.url).header("cookie", &cookie);
            let answer = request.send().await.unwrap();
            let (status, page) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, 403, "{path}");
            assert!(page.contains("許可されていません"), "{path}: {page}");
        }
        assert_eq!(world.get(&cookie, "/preferences").await.0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_sets_a_strict_cookie_rotates_and_ends() {
    World::with("sign_in_sets_a_strict_cookie_rotates_and_ends", async |world| {
        let answer = world.try_sign_in(LOGIN, PASSWORD).await;
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "/orders");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        for part in ["__Host-sid=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(part), "{part} is missing in {cookie}");
        }
        assert!(!cookie.contains("Domain"));
        let first = cookie.split(';').next().unwrap().to_owned();
        assert_eq!(world.get(&first, "/orders").await.0, 200);
        // Signing in again over the old session ends it.
        let body = format!("login={LOGIN}&password={}", PASSWORD.replace(' ', "+"));
        let again = world.post(&first, "/sign-in", &body).await;
        let second =
            again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_ne!(first, second);
        assert_eq!(world.get(&first, "/orders").await.0, 303);
        // The database does not hold what the browser holds.
        let stored: Vec<Vec<u8>> = sqlx::query_scalar("SELECT token_hash FROM console.sessions")
            .fetch_all(&world.pool)
            .await
            .unwrap();
        let value = second.split_once('=').unwrap().1;
        assert_eq!(stored.len(), 1);
        assert_ne!(hex::encode(&stored[0]), value);
        let csrf = csrf_of(&world.get(&second, "/preferences").await.1);
        let left = world.post(&second, "/sign-out", &format!("csrf={csrf}")).await;
        assert_eq!(left.status(), 303);
        assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(world.get(&second, "/orders").await.0, 303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_idleness_by_age_and_with_the_person() {
    World::with("sessions_end_by_idleness_by_age_and_with_the_person", async |world| {
        for sql in [
            "UPDATE console.sessions SET seen_at = now() - interval '61 minutes'",
            "UPDATE console.sessions SET expires_at = now()",
            "UPDATE console.staff SET status = 'suspended'",
        ] {
            let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
            assert_eq!(world.get(&cookie, "/orders").await.0, 200);
            sqlx::query(sql).execute(&world.pool).await.unwrap();
            assert_eq!(world.get(&cookie, "/orders").await.0, 303, "after {sql}");
        }
        assert_eq!(world.try_sign_in(LOGIN, PASSWORD).await.status(), 401, "suspended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_without_locking_the_person_out() {
    let settings = "[http]\nproxies = [\"127.0.0.1\"]";
    World::with_settings(
        "guessing_is_slowed_without_locking_the_person_out",
        settings,
        async |world| {
            let from = |address: &'static str, login: &'static str, password: &str| {
                let body = format!("login={login}&password={}", password.replace(' ', "+"));
                world
                    .http
                    .post(world.at("/sign-in"))
                    .header("x-forwarded-for", format!("203.0.113.99, {address}"))
                    .header("origin", &world.url)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body)
                    .send()
            };
            for _ in 0..5 {
                assert_eq!(from("198.51.100.7", LOGIN, "wrong").await.unwrap().status(), 401);
            }
            // The guesser has to wait, even with the right password; the person elsewhere not.
            assert_eq!(from("198.51.100.7", LOGIN, PASSWORD).await.unwrap().status(), 429);
            assert_eq!(from("198.51.100.8", LOGIN, PASSWORD).await.unwrap().status(), 303);
            // Inventing logins fills no table: impossible ones are counted as one.
            for n in 0..20 {
                let login: &'static str = Box::leak(format!("%27+{n}").into_boxed_str());
                from("198.51.100.9", login, "wrong").await.unwrap();
            }
            let rows: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM console.sign_in_failures WHERE address = '198.51.100.9'",
            )
            .fetch_one(&world.pool)
            .await
            .unwrap();
            assert_eq!(rows, 2);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_need_their_token_and_their_own_site() {
    World::with("forms_need_their_token_and_their_own_site", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let other = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let mine = csrf_of(&world.get(&cookie, "/preferences").await.1);
        let foreign = csrf_of(&world.get(&other, "/preferences").await.1);
        let fields = "language=ja&zone=UTC&theme=dark&rise=green&shortcuts=off";
        for body in
            [fields.to_owned(), format!("{fields}&csrf="), format!("{fields}&csrf={foreign}")]
        {
            assert_eq!(world.post(&cookie, "/preferences", &body).await.status(), 403, "{body}");
        }
        let send = |name: &'static str, value: String| {
            client()
                .post(world.at("/preferences"))
                .header("cookie", &cookie)
                .header(name, value)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("{fields}&csrf={mine}"))
                .send()
        };
        assert_eq!(send("origin", "https://evil.example".into()).await.unwrap().status(), 403);
        assert_eq!(send("origin", "null".into()).await.unwrap().status(), 403);
        assert_eq!(send("sec-fetch-site", "cross-site".into()).await.unwrap().status(), 403);
        assert_eq!(send("sec-fetch-site", "same-site".into()).await.unwrap().status(), 403);
        assert_eq!(send("origin", world.url.clone()).await.unwrap().status(), 303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_headers() {
    World::with("every_answer_has_its_headers", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for path in
            ["/sign-in", "/", "/orders", "/nowhere", "/orders/csv", "/books/none", "/healthz"]
        {
            let answer =
                world.http.get(world.at(path)).header("cookie", &cookie).send().await.unwrap();
            let headers = answer.headers();
            assert_eq!(headers["content-security-policy"], CONTENT_SECURITY_POLICY, "{path}");
            assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["cross-origin-opener-policy"], "same-origin", "{path}");
            assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
            assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            assert_eq!(headers["x-request-id"].len(), 16, "{path}");
        }
        let css = zaraba_console::assets::url("console.css");
        let answer = world.http.get(world.at(&css)).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/css"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_has_inline_script_or_style() {
    World::with("no_page_has_inline_script_or_style", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for path in [
            "/sign-in",
            "/",
            "/books",
            "/books/7203",
            "/orders",
            "/orders/1996488823",
            "/preferences",
            "/licences",
            "/search?q=x",
            "/nowhere",
        ] {
            let (_, page) = world.get(&cookie, path).await;
            assert!(!page.contains("<style"), "{path}");
            assert!(!page.contains(" style="), "{path}");
            assert!(!page.contains(" onclick=") && !page.contains("javascript:"), "{path}");
            for tag in page.split("<script").skip(1) {
                assert!(tag.starts_with(" src=\"/static/"), "{path}: <script{}", &tag[..40]);
            }
        }
    })
    .await;
}

/// Sends `bytes` and reads until the other side closes; a time-out of the read is the failure.
async fn sent(world: &World, bytes: &[u8]) -> String {
    let (address, bytes) = (world.url.trim_start_matches("http://").to_owned(), bytes.to_vec());
    let read = move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket.write_all(&bytes).unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too.
        if let Err(error) = socket.read_to_end(&mut answer) {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "still open after {bytes:?}");
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_half_open_connections_are_closed() {
    let settings = "[http]\nheader_seconds = 1";
    World::with_settings("silent_and_half_open_connections_are_closed", settings, async |world| {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let half_headers = [&preface[..], b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x40\x01\x04"].concat();
        for bytes in [
            &b""[..],
            b"G",
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ",
            &preface[..12],
            &preface[..],
            &half_headers,
        ] {
            let answer = sent(&world, bytes).await;
            assert!(!answer.contains("200 OK"), "{bytes:?}: {answer}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_past_the_bound_wait() {
    let settings = "[http]\nheader_seconds = 60\nconnections = 1";
    World::with_settings("connections_past_the_bound_wait", settings, async |world| {
        let address = world.url.trim_start_matches("http://").to_owned();
        let asks = move || {
            let ask = || {
                let mut socket = std::net::TcpStream::connect(&address).unwrap();
                socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
                socket
            };
            let status = |socket: &mut std::net::TcpStream, wait| {
                socket.set_read_timeout(Some(wait)).unwrap();
                let mut head = [0; 12];
                socket.read_exact(&mut head).map(|()| head)
            };
            let long = Duration::from_secs(30);
            let mut first = ask();
            assert_eq!(&status(&mut first, long).unwrap(), b"HTTP/1.1 200");
            let mut second = ask();
            let early = status(&mut second, Duration::from_millis(500)).unwrap_err();
            assert_eq!(early.kind(), ErrorKind::WouldBlock);
            drop(first);
            assert_eq!(&status(&mut second, long).unwrap(), b"HTTP/1.1 200");
        };
        tokio::task::spawn_blocking(asks).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_sent_form_is_given_up_in_the_readers_language() {
    let settings = "[http]\nrequest_seconds = 1";
    World::with_settings(
        "a_half_sent_form_is_given_up_in_the_readers_language",
        settings,
        async |world| {
            for (path, language, says) in [
                ("/sign-in", "en", "The request did not arrive whole"),
                ("/sign-in", "ja", "要求が最後まで届きませんでした"),
                ("/preferences", "ja", "要求が最後まで届きませんでした"),
            ] {
                let half = format!(
                    "POST {path} HTTP/1.1\r\nHost: x\r\nCookie: lang={language}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n\
                     Content-Length: 50\r\n\r\nlogin="
                );
                let answer = sent(&world, half.as_bytes()).await;
                assert!(answer.starts_with("HTTP/1.1 408 "), "{path} {language}: {answer}");
                assert!(answer.contains(says), "{path} {language}: {answer}");
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_form_is_refused_in_the_readers_language() {
    World::with("a_huge_form_is_refused", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        // Also more than sockets hold on the way.
        for (who, path, length, says) in [
            (cookie.as_str(), "/preferences", 100_000, "The form is too large"),
            (cookie.as_str(), "/preferences", 900_000, "The form is too large"),
            ("lang=ja", "/sign-in", 100_000, "フォームが大きすぎます"),
        ] {
            let answer = world.post(who, path, &"x".repeat(length)).await;
            assert_eq!(answer.status(), 413, "{path} {length}");
            assert_eq!(answer.headers()["connection"], "close");
            assert!(answer.text().await.unwrap().contains(says), "{path} {length}");
            assert_eq!(world.get(&cookie, "/").await.0, 200, "the next request is served");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_takes_too_much_waits_and_is_told_how_long() {
    let settings = "[often]\nexports = 1\nrequests = 1\nsearches = 1";
    World::with_settings("a_person_who_takes_too_much_waits", settings, async |world| {
        add_person(&world.pool, "mei", "Mei", &[Role::Operations], "ja").await;
        let mei = world.sign_in("mei", PASSWORD).await.unwrap();
        let aki = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        // One a minute: of two that follow each other within it the second is refused.
        let refused = async |cookie: &str, path: &str| {
            for _ in 0..20 {
                let asked = world.http.get(world.at(path)).header("cookie", cookie);
                let answer = asked.send().await.unwrap();
                if answer.status() == 429 {
                    return answer;
                }
                assert_eq!(answer.status(), 200, "{path}");
            }
            panic!("{path} is never refused");
        };
        let file = refused(&mei, "/orders/csv").await;
        let seconds: u64 = file.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=61).contains(&seconds), "{seconds}");
        let page = file.text().await.unwrap();
        assert!(
            page.contains("ファイル出力") && page.contains(&format!("{seconds}秒後")),
            "{page}"
        );
        let (status, _) = world.get(&mei, "/fills/csv").await;
        assert_eq!(status, 429, "files of another list are files");
        let exports = "SELECT count(*) FROM audit.entries WHERE kind = 'export' AND login = 'mei'";
        let taken = world.counted(exports).await;
        assert_eq!(world.get(&mei, "/orders").await.0, 200, "pages are counted apart");
        assert_eq!(world.get(&aki, "/orders/csv").await.0, 200, "others are not held up");
        let search = refused(&aki, "/search?q=nothing-like-it").await.text().await.unwrap();
        assert!(search.contains("only so many searches a minute"), "{search}");
        let form = "/requests/new?kind=halt&symbol=7203";
        let form = refused(&aki, form).await.text().await.unwrap();
        assert!(form.contains("forms of requests") && form.contains("Nothing was done"), "{form}");
        assert_eq!(world.counted(exports).await, taken, "what is refused is no export");
        let page = zaraba_console::metrics::text().unwrap();
        assert!(page.contains("zaraba_console_too_often_total{what=\"export\"}"), "{page}");
    })
    .await;
}
