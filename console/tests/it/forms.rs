//! Preferences, the command line, and operation endpoints.

use zaraba_console::authz::Role;

use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of};

#[tokio::test(flavor = "multi_thread")]
async fn preferences_change_every_page_after_them() {
    World::with("preferences_change_every_page_after_them", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/orders").await;
        assert!(
            page.contains("<html lang=\"en\" data-theme=\"auto\" data-rise=\"red\">"),
            "{page}"
        );
        let csrf = csrf_of(&page);
        let fields =
            format!("csrf={csrf}&language=ja&zone=UTC&theme=dark&rise=green&shortcuts=off");
        assert!(world.get(&cookie, "/preferences").await.1.contains("<dd>Operations</dd>"));
        assert_eq!(world.post(&cookie, "/preferences", &fields).await.status(), 303);
        assert!(world.get(&cookie, "/preferences").await.1.contains("<dd>オペレーション</dd>"));
        let (_, page) = world.get(&cookie, "/orders").await;
        assert!(page.contains("<html lang=\"ja\" data-theme=\"dark\" data-rise=\"green\">"));
        assert!(page.contains("注文番号") && page.contains("2026/11/20 02:10:00.000"));
        assert!(!page.contains("data-shortcuts"));
        for bad in ["language=fr", "zone=Mars", "theme=pink", "rise=blue", "shortcuts=maybe"] {
            let (field, _) = bad.split_once('=').unwrap();
            let body: String = fields
                .split('&')
                .map(|pair| if pair.starts_with(&format!("{field}=")) { bad } else { pair })
                .collect::<Vec<_>>()
                .join("&");
            let answer = world.post(&cookie, "/preferences", &body).await;
            assert_eq!(answer.status(), 400, "{bad}");
            assert!(answer.text().await.unwrap().contains(field), "{bad}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_a_person_changes_the_password_and_ends_their_sessions() {
    World::with("replacing_a_person_changes_the_password_and_ends_their_sessions", async |world| {
        use zaraba_console::store::staff::{self, NewStaff};
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let hash = zaraba_console::password::hash("another fine long sentence").unwrap();
        let person = NewStaff {
            login: LOGIN,
            name: "Aki",
            password_hash: &hash,
            roles: &[Role::Viewer],
            language: "ja",
            zone: "UTC",
        };
        assert!(!staff::add(&world.pool, &person, false).await.unwrap(), "exists already");
        assert_eq!(world.get(&cookie, "/").await.0, 200);
        assert!(staff::add(&world.pool, &person, true).await.unwrap());
        assert_eq!(world.get(&cookie, "/").await.0, 303);
        assert!(world.sign_in(LOGIN, PASSWORD).await.is_none());
        assert!(world.sign_in(LOGIN, "another fine long sentence").await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_adds_people_without_the_password_in_its_arguments() {
    World::with("the_command_line_adds_people", async |world| {
        let url = world.pool.connect_options();
        let server = crate::world::server_url();
        let database = url.get_database().unwrap();
        let (head, _) = server.rsplit_once('/').unwrap();
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("console.toml");
        std::fs::write(&config, format!("[database]\nurl = \"{head}/{database}\"\n")).unwrap();
        let add = |password: &'static str| {
            let config = config.clone();
            tokio::task::spawn_blocking(move || {
                use std::io::Write;
                let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_zaraba-console"))
                    .args(["staff", "add", "mei", "--roles", "viewer,auditor", "--config"])
                    .arg(config)
                    .stdin(std::process::Stdio::piped())
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap();
                child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
                let output = child.wait_with_output().unwrap();
                (output.status.code(), String::from_utf8(output.stderr).unwrap())
            })
        };
        let (code, says) = add("too short").await.unwrap();
        assert_eq!(code, Some(1));
        assert!(says.contains("fewer than 12 characters"), "{says}");
        assert_eq!(add("nine quiet herons by the lake").await.unwrap().0, Some(0));
        let (code, says) = add("nine quiet herons by the lake").await.unwrap();
        assert_eq!(code, Some(1));
        assert!(says.contains("--replace"), "{says}");
        assert!(world.sign_in("mei", "nine quiet herons by the lake").await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_page_remembers_a_strangers_language() {
    World::with("the_sign_in_page_remembers_a_strangers_language", async |world| {
        let answer = world.http.get(world.at("/sign-in?lang=ja")).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with("lang=ja;"), "{cookie}");
        assert!(answer.text().await.unwrap().contains("<html lang=\"ja\""));
        let (_, page) = world.get("lang=ja", "/sign-in").await;
        assert!(page.contains("パスワード"));
        add_person(&world.pool, "yuki", "Yuki", &[Role::Viewer], "ja").await;
        let wrong = world.try_sign_in("yuki", "wrong").await;
        assert_eq!(wrong.status(), 401);
        assert!(wrong.text().await.unwrap().contains("The sign-in name or the password is wrong."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_can_ask_how_it_is() {
    World::with("machines_can_ask_how_it_is", async |world| {
        assert_eq!(world.get("", "/healthz").await, (200, "ok\n".to_owned()));
        let (status, body) = world.get("", "/readyz").await;
        assert_eq!(status, 200);
        assert!(body.contains("\"database\":true"), "{body}");
        let (_, metrics) = world.get("", "/metrics").await;
        assert!(
            metrics.contains("zaraba_console_requests_total{route=\"/healthz\",status=\"200\"}")
        );
        for line in metrics.lines().filter(|l| l.starts_with("# HELP zaraba_")) {
            assert!(line.split_whitespace().count() > 4, "no help: {line}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_after_the_sessions_end_says_so_and_leads_back() {
    World::with("a_form_sent_after_the_sessions_end_says_so_and_leads_back", async |world| {
        let send = async |path: &str, site: &str, fields: &str| {
            let request = world.http.post(world.at(path)).header("origin", &world.url);
            let request = request.header("sec-fetch-site", site);
            let form = "application/x-www-form-urlencoded";
            let request = request.header("content-type", form).body(fields.to_owned());
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let fields = "csrf=c1&form=f1&seen=s1&kind=adjust&account=a%26b&asset=JPY&amount=-5\
            &reason=%3Cb%3Ebooked+twice";
        let (status, page) = send("/requests", "same-origin", fields).await;
        assert_eq!(status, 401);
        assert!(
            page.contains("You were signed out") && page.contains("nothing was done"),
            "{page}"
        );
        assert!(page.contains("booked twice") && !page.contains("<b>"), "the reason can be copied");
        let (_, link) = page.split_once("id=\"go-on\" href=\"").unwrap();
        let (link, _) = link.split_once('"').unwrap();
        assert!(!link.contains("booked") && !link.contains("csrf"), "{link}");
        let (status, page) = world.get("", &link.replace("&amp;", "&")).await;
        let next = "name=\"next\" value=\"/requests/new?kind=adjust&amp;account=a%26b&amp;\
            asset=JPY&amp;amount=-5&amp;show=1\"";
        assert_eq!(status, 200);
        let page = page.replace("&#38;", "&amp;");
        assert!(page.contains(next), "{page}");
        let (status, page) = send("/requests/7/approve", "same-origin", "reason=seen").await;
        assert_eq!(status, 401);
        assert!(page.contains("next=%2Frequests%2F7\"") && page.contains("seen"), "{page}");
        // Another site's page does not choose what is shown here.
        let (status, page) = send("/requests", "cross-site", fields).await;
        assert!(matches!(status, 401 | 403) && !page.contains("booked twice"), "{status} {page}");
        assert_eq!(world.counted("SELECT count(*) FROM console.requests").await, 0);
    })
    .await;
}
