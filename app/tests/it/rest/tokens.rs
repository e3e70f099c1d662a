//! Tokens of the admin API over real sockets: rotation while calls come in, ends, broken files,
//! streams that end with their token, the command line beside a running node, what is logged.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use zaraba::auth::token::Line;
use zaraba::clock;
use zaraba_secret as secret;

use super::world::{Answer, TOKEN, World, answer};

const OTHER: &str = "another-token-for-tests-of-39-characters";

fn file(world: &World) -> PathBuf {
    world.dir.path().join("admin.token")
}

fn in_seconds(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(clock::now().0 as i64 / 1_000_000_000 + seconds).unwrap()
}

fn line(name: &str, token: &str, seconds: i64) -> String {
    let until = in_seconds(seconds);
    let line = Line { name: name.into(), token: token.to_owned().into(), until };
    line.text().to_string()
}

fn put(path: &Path, lines: &[String]) {
    secret::write(path, lines.concat().as_bytes()).unwrap();
}

async fn asked(world: &World, token: &str) -> Answer {
    let url = format!("http://{}/admin/v1/assets", world.admin);
    answer(world.client.get(url).bearer_auth(token)).await
}

async fn metric(world: &World, series: &str) -> Option<f64> {
    let url = format!("http://{}/metrics", world.admin);
    let text = world.client.get(url).send().await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

/// Waits for what the node does by itself within a second or so.
async fn until<T>(what: &str, mut there: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(there) = there().await {
            return there;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("waited a minute: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_replaced_under_load_and_no_call_is_refused() {
    let world = Arc::new(World::start().await);
    let current = Arc::new(parking_lot::Mutex::new(TOKEN.to_owned()));
    let stop = Arc::new(AtomicBool::new(false));
    let begun: Arc<[AtomicU64; 4]> = Arc::default();
    let mut callers = Vec::new();
    for caller in 0..begun.len() {
        let (world, current) = (world.clone(), current.clone());
        let (stop, begun) = (stop.clone(), begun.clone());
        callers.push(tokio::spawn(async move {
            let url = format!("http://{}/admin/v1/accounts/alice/transfers", world.admin);
            while !stop.load(Ordering::SeqCst) {
                // As a console does: the token is read for every call.
                let token = current.lock().clone();
                let id = format!("{caller}-{}", begun[caller].fetch_add(1, Ordering::SeqCst));
                let body = json!({"kind": "deposit", "asset": "JPY", "amount": "1",
                    "reference": id, "reason": "test"});
                let call = world.client.post(&url).bearer_auth(token).header("x-actor", "tester");
                let got = answer(call.header("x-request-id", &id).json(&body)).await;
                assert_eq!(got.status, 201, "{got:?}");
            }
        }));
    }
    let mut last = ("tests".to_owned(), TOKEN.to_owned());
    for round in 0..10 {
        let next = (format!("tests-{round}"), format!("{OTHER}-{round}"));
        let both = [line(&last.0, &last.1, 600), line(&next.0, &next.1, 600)];
        put(&file(&world), &both);
        // At once: nobody waits for the node to have seen it.
        *current.lock() = next.1.clone();
        // What a caller began with the old one is answered when it has begun two more.
        for caller in begun.iter() {
            let enough = caller.load(Ordering::SeqCst) + 2;
            until("more calls", async || (caller.load(Ordering::SeqCst) >= enough).then_some(()))
                .await;
        }
        let counted = format!("zaraba_admin_calls_total{{name=\"{}\"}}", next.0);
        until("calls by the new one", async || metric(&world, &counted).await).await;
        last = next;
    }
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    put(&file(&world), &[line(&last.0, &last.1, 600)]);
    until("the first one is refused", async || {
        let got = asked(&world, TOKEN).await;
        (got.status == 401).then(|| assert_eq!(got.code(), "unauthorized"))
    })
    .await;
    // What was asked for is all there, once each.
    let url = format!("http://{}/admin/v1/accounts/alice", world.admin);
    let account = answer(world.client.get(url).bearer_auth(&last.1)).await;
    let yen = account.body["balances"].as_array().unwrap().iter().find(|it| it["asset"] == "JPY");
    let total: f64 = yen.unwrap()["total"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        total,
        1_000_000_000.0
            + begun.iter().map(|calls| calls.load(Ordering::SeqCst)).sum::<u64>() as f64
    );
    Arc::into_inner(world).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_past_its_end_is_refused_with_what_to_do() {
    let world = World::start().await;
    put(&file(&world), &[line("tests", TOKEN, 600), line("console-z", OTHER, -5)]);
    let got = asked(&world, OTHER).await;
    assert_eq!((got.status.as_u16(), got.code()), (401, "token_expired"));
    let message = got.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("console-z") && message.contains("zaraba admin-token new"));
    assert!(!message.contains(OTHER));
    let seconds = until("its gauge", async || {
        metric(&world, "zaraba_admin_token_seconds{name=\"console-z\"}").await
    });
    assert!(seconds.await <= -5.0);
    // The same by its time alone, without a change of the file.
    until("it is taken", async || {
        put(&file(&world), &[line("tests", TOKEN, 600), line("console-z", OTHER, 2)]);
        (asked(&world, OTHER).await.status == 200).then_some(())
    })
    .await;
    until("it ends", async || {
        let got = asked(&world, OTHER).await;
        (got.status == 401).then(|| assert_eq!(got.code(), "token_expired"))
    })
    .await;
    assert_eq!(asked(&world, TOKEN).await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_keeps_the_tokens_in_force_and_says_so() {
    let world = World::start().await;
    let unusable = "zaraba_admin_token_file_unusable";
    for broken in ["", "tests\n", OTHER, &line("tests", OTHER, 91 * 86_400)] {
        secret::write(&file(&world), broken.as_bytes()).unwrap();
        // The gauge is of the process, and other tests have files of their own: this node's next
        // look sets it again.
        until("it is told", async || (metric(&world, unusable).await == Some(1.0)).then_some(()))
            .await;
        assert_eq!(asked(&world, TOKEN).await.status, 200, "{broken}");
        assert_eq!(asked(&world, OTHER).await.code(), "unauthorized", "{broken}");
    }
    put(&file(&world), &[line("tests", OTHER, 600)]);
    until("the mended file", async || (asked(&world, OTHER).await.status == 200).then_some(()))
        .await;
    assert_eq!(asked(&world, TOKEN).await.code(), "unauthorized");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_token_it_was_opened_with() {
    let world = World::start().await;
    put(&file(&world), &[line("tests", TOKEN, 600), line("watcher", OTHER, 600)]);
    let open = async |token: &str| {
        let url = format!("http://{}/admin/v1/tickers/live", world.admin);
        let response = world.client.get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.bytes_stream()
    };
    let mut stays = open(TOKEN).await;
    let mut ends = open(OTHER).await;
    assert!(ends.next().await.unwrap().is_ok() && stays.next().await.unwrap().is_ok());
    put(&file(&world), &[line("tests", TOKEN, 600)]);
    // Beats come every second for as long as it is open.
    while let Some(chunk) = ends.next().await {
        chunk.unwrap();
    }
    for _ in 0..3 {
        assert!(stays.next().await.unwrap().is_ok());
    }
    world.stop().await;
}

fn zaraba(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zaraba")).arg("admin-token").args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = zaraba(arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "");
    String::from_utf8(output.stdout).unwrap()
}

fn fails(arguments: &[&str]) -> String {
    let output = zaraba(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_rotates_beside_a_running_node() {
    let world = World::start().await;
    let (path, to) = (file(&world), world.dir.path().join("console/admin.token"));
    let (path, to) = (path.to_str().unwrap(), to.to_str().unwrap());

    let said = printed(&["new", "--name", "console-a.2", "--file", path, "--to", to]);
    let given = std::fs::read_to_string(to).unwrap();
    let words: Vec<&str> = given.lines().last().unwrap().split(' ').collect();
    assert_eq!((words[0], words[1].len()), ("console-a.2", 64));
    assert!(said.contains("console-a.2") && !said.contains(words[1]), "{said}");
    for written in [path, to] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(written).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{written}");
    }
    assert_eq!(asked(&world, words[1]).await.status, 200);
    assert_eq!(asked(&world, TOKEN).await.status, 200);

    let token = printed(&["new", "--name", "batch", "--days", "7", "--file", path, "--print"]);
    assert_eq!(asked(&world, token.trim()).await.status, 200);
    let listed = printed(&["list", "--file", path, "--json"]);
    assert!(
        !listed.contains(words[1]) && !listed.contains(token.trim()) && !listed.contains(TOKEN)
    );
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tests", "console-a.2", "batch"]);
    assert!((6..=7).contains(&listed[2]["days_left"].as_i64().unwrap()), "{listed}");
    let table = printed(&["list", "--file", path]);
    assert!(table.contains("batch") && !table.contains(token.trim()), "{table}");

    let again = fails(&["new", "--name", "batch", "--file", path]);
    assert!(again.contains("the name batch is there twice"), "{again}");
    assert!(
        fails(&["remove", "--name", "nobody", "--file", path]).contains("no token named nobody")
    );
    for name in ["tests", "batch"] {
        printed(&["remove", "--name", name, "--file", path]);
    }
    let last = fails(&["remove", "--name", "console-a.2", "--file", path]);
    assert!(last.contains("there is no token in it"), "{last}");
    until("the old one is refused", async || {
        (asked(&world, TOKEN).await.status == 401).then_some(())
    })
    .await;
    assert_eq!(asked(&world, words[1]).await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_is_compared_whole() {
    let world = World::start().await;
    for header in [
        TOKEN.to_owned(),
        format!("bearer {TOKEN}"),
        format!("Bearer {TOKEN} "),
        format!("Bearer  {TOKEN}"),
        format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]),
    ] {
        let url = format!("http://{}/admin/v1/assets", world.admin);
        // The client's own check of headers would take the blank away.
        let call = world.client.request(Method::GET, url).header("authorization", &header);
        let got = answer(call).await;
        let blank = header.ends_with(' ');
        assert_eq!(got.status == 200, blank, "{header:?}: blanks after a value are no part of it");
    }
    world.stop().await;
}
