//! The program itself: its verbs on staff, with the console's own login; and what its metrics
//! count, in a process of its own where nothing else counts along.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use zaraba_console::config::Config;

use crate::world::{LOGIN, PASSWORD, World, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_zaraba-console");

/// Writes settings where the program finds them.
fn settings(files: &Path, config: &Config) -> PathBuf {
    let path = files.join("console.toml");
    std::fs::write(&path, toml::to_string(config).unwrap()).unwrap();
    path
}

fn staff(settings: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("staff").args(words).arg("--config").arg(settings);
    command.stdin(Stdio::null()).output().unwrap()
}

/// What a verb printed; it has to have gone well.
fn said(settings: &Path, words: &[&str]) -> String {
    let output = staff(settings, words);
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {problem}");
    String::from_utf8(output.stdout).unwrap()
}

/// The code in what was printed.
fn code(text: &str) -> String {
    let line = text.lines().find(|line| line.len() == 29 && line.matches('-').count() == 5);
    line.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

async fn status(world: &World, login: &str) -> (String, Vec<String>, bool) {
    sqlx::query_as(
        "SELECT status, roles, password_hash IS NOT NULL FROM console.staff WHERE login = $1",
    )
    .bind(login)
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_invites_changes_resets_and_signs_out() {
    World::with("the_operator_invites_changes_resets_and_signs_out", async |world| {
        let files = tempfile::tempdir().unwrap();
        let at = settings(files.path(), &world.config);
        let text = said(&at, &["invite", "mei", "--name", "Mei Sato", "--roles", "viewer"]);
        let first = code(&text);
        assert!(text.contains(&format!("{}/invite#{first}", world.url)), "{text}");
        assert_eq!(status(&world, "mei").await, ("invited".into(), vec!["viewer".into()], false));
        let again = staff(&at, &["invite", "mei", "--roles", "viewer"]);
        assert_eq!(again.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&again.stderr).contains("already"), "{again:?}");
        let unknown = staff(&at, &["invite", "ken", "--roles", "king"]);
        assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");

        let word = "nine+quiet+otters+rowing";
        let body = format!("code={first}&password={word}&again={word}");
        assert_eq!(world.post("", "/invite", &body).await.status(), 303);
        let signed_in = world.sign_in("mei", "nine quiet otters rowing").await.unwrap();
        assert_eq!(world.get(&signed_in, "/").await.0, 200);
        said(&at, &["roles", "mei", "--roles", "risk,auditor"]);
        let (_, roles, _) = status(&world, "mei").await;
        assert_eq!(roles, ["risk", "auditor"]);
        assert_eq!(world.get(&signed_in, "/").await.0, 303, "roles end sessions");

        let mei = world.sign_in("mei", "nine quiet otters rowing").await.unwrap();
        let aki = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        assert!(said(&at, &["sign-out", "mei"]).contains("1 sessions ended"));
        assert_eq!((world.get(&mei, "/").await.0, world.get(&aki, "/").await.0), (303, 200));
        assert!(said(&at, &["sign-out"]).contains("1 sessions ended"));
        assert_eq!(world.get(&aki, "/").await.0, 303, "everybody's");

        let second = code(&said(&at, &["reset", "mei"]));
        assert_ne!(second, first);
        let (standing, _, password) = status(&world, "mei").await;
        assert_eq!((standing.as_str(), password), ("invited", false));
        assert!(world.sign_in("mei", "nine quiet otters rowing").await.is_none());
        let listed = said(&at, &["list", "--json"]);
        let lines: Vec<serde_json::Value> =
            listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().any(|it| it["login"] == "mei" && it["status"] == "invited"));
        assert_eq!(staff(&at, &["reset", "nobody"]).status.code(), Some(1));
    })
    .await;
}

/// The console in a process of its own.
pub struct Served(pub Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program over a world's database and backend, and lets the world speak to it.
pub async fn serve(world: &mut World) -> Served {
    let files = tempfile::tempdir().unwrap();
    for _ in 0..10 {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = world.config.clone();
        config.listen = free.local_addr().unwrap();
        config.public_url = format!("http://{}", config.listen);
        let at = settings(files.path(), &config);
        drop(free);
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--config"]).arg(&at).stderr(Stdio::null()).stdout(Stdio::null());
        let served = parking_lot::Mutex::new(Served(command.spawn().unwrap()));
        world.url = config.public_url;
        let there = until("the program", async || {
            let ended = served.lock().0.try_wait().unwrap().is_some();
            if ended {
                return Some(false);
            }
            let answer = world.http.get(world.at("/readyz")).send().await.ok()?;
            (answer.status() == 200).then_some(true)
        });
        if there.await {
            return served.into_inner();
        }
        // Somebody else took the port in the moment that nobody had it.
    }
    panic!("it ends whenever it is started");
}

/// The value of a metric on a page of them.
fn value(page: &str, name: &str) -> f64 {
    let line =
        page.lines().find(|line| line.strip_prefix(name).is_some_and(|r| r.starts_with(' ')));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened() {
    World::with("metrics_count_what_happened", async |mut world| {
        let _served = serve(&mut world).await;
        assert!(world.sign_in(LOGIN, "not the word at all").await.is_none());
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.get(&cookie, "/accounts/DEMO-0001").await.0, 200);
        }
        let page = world.get("", "/metrics").await.1;
        for (name, expected) in [
            ("zaraba_console_sign_ins_total{method=\"password\",result=\"ok\"}", 1.0),
            ("zaraba_console_sign_ins_total{method=\"password\",result=\"wrong\"}", 1.0),
            ("zaraba_console_requests_total{route=\"/accounts/{code}\",status=\"200\"}", 2.0),
            ("zaraba_console_request_duration_seconds_count{route=\"/accounts/{code}\"}", 2.0),
            ("zaraba_console_audit_entries_total{kind=\"sign_in\"}", 1.0),
            ("zaraba_console_audit_entries_total{kind=\"sign_in_refused\"}", 1.0),
            ("zaraba_console_audit_entries_total{kind=\"view\"}", 2.0),
            ("zaraba_console_audit_failures_total", 0.0),
            ("zaraba_console_audit_queue", 0.0),
            ("zaraba_console_live_connections", 0.0),
        ] {
            assert!(page.contains(name), "{name} is not there: {page}");
            let counted = value(&page, name);
            assert!((counted - expected).abs() < 0.5, "{name} is {counted}, not {expected}");
        }
    })
    .await;
}
