//! Tells of requests: to web hooks, signed, and to programs, from an outbox. Nothing waits for
//! it; what cannot be delivered is tried again, less and less often, and given up after a day.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::io::AsyncWriteExt;
use zeroize::Zeroizing;

use crate::app::App;
use crate::config::Notify;
use crate::metrics::METRICS;
use crate::outward::{Call, Outward};
use crate::store::notices::{self, Notice};

/// Pause between two looks at the outbox when nobody rings.
const PAUSE: Duration = Duration::from_secs(1);
/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// For how long a notice is taken up.
const HELD_SECONDS: f64 = 15.0;
/// Attempts after which it is given up: about a day.
const ATTEMPTS: i32 = 38;
/// Longest pause between attempts in seconds.
const LONGEST_PAUSE: f64 = 3600.0;

/// Delivers what is due, for ever.
pub async fn deliver(app: App) {
    let names: Vec<String> = app.config.notify.iter().map(|hook| hook.name.clone()).collect();
    loop {
        let rung = app.desk.news.notified();
        match notices::take_up(&app.pool, &names, HELD_SECONDS).await {
            Ok(Some(notice)) => {
                one(&app, &notice).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(event = "console.notices_unread", error = %error,
                "cannot look for notices"),
        }
        tokio::select! {
            () = rung => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn one(app: &App, notice: &Notice) {
    let Some(hook) = app.config.notify.iter().find(|hook| hook.name == notice.hook) else {
        return;
    };
    let body = json!({
        "delivery": notice.notice_id,
        "event": notice.event,
        "at": notice.at.0.to_string(),
        "number": notice.number,
        "kind": notice.kind,
        "matter": notice.matter,
        "state": notice.state,
        "link": format!("{}/requests/{}", app.config.public_url, notice.number),
    })
    .to_string();
    let told = match hook.command.is_empty() {
        true => posted(&app.outward, hook, notice.notice_id, &body).await,
        false => run(&hook.command, &body).await,
    };
    let recorded = match told {
        Ok(()) => {
            METRICS.notices.with_label_values(&[hook.name.as_str(), "delivered"]).inc();
            notices::delivered(&app.pool, notice.notice_id).await
        }
        Err(problem) => {
            let again = (notice.attempts < ATTEMPTS).then(|| pause(notice.attempts));
            let result = if again.is_some() { "failed" } else { "given_up" };
            METRICS.notices.with_label_values(&[hook.name.as_str(), result]).inc();
            tracing::warn!(
                event = "console.notice_failed",
                hook = hook.name,
                result,
                attempts = notice.attempts,
                problem,
                "a notice was not delivered"
            );
            notices::failed(&app.pool, notice.notice_id, &problem, again).await
        }
    };
    if let Err(error) = recorded {
        tracing::warn!(event = "console.notices_unread", error = %error, "cannot note a delivery");
    }
}

/// Seconds until the next attempt: doubling from a quarter of a second.
fn pause(attempts: i32) -> f64 {
    (0.25 * f64::powi(2.0, attempts.clamp(1, 30) - 1)).min(LONGEST_PAUSE)
}

/// The signature of a delivery: HMAC-SHA256 over `time.body`, so that neither can be replaced.
pub fn signature(secret: &[u8], time: i64, body: &str) -> String {
    // Every length of key is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{time}.{body}").as_bytes());
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

async fn posted(outward: &Outward, hook: &Notify, delivery: i64, body: &str) -> Result<(), String> {
    let secret = secret(&hook.secret_file)?;
    let time = crate::clock::now().as_second();
    let signature = signature(secret.trim().as_bytes(), time, body);
    let signature = HeaderValue::from_str(&signature).map_err(|e| e.to_string())?;
    let call = Call {
        url: &hook.url,
        headers: vec![
            (HeaderName::from_static("x-zaraba-time"), time.into()),
            (HeaderName::from_static("x-zaraba-delivery"), delivery.into()),
            (HeaderName::from_static("x-zaraba-signature"), signature),
        ],
        body: Some(("application/json", body.to_owned().into())),
        patience: PATIENCE,
    };
    match outward.call(call).await?.status {
        status if status.is_success() => Ok(()),
        status => Err(format!("answered {status}")),
    }
}

fn secret(path: &Path) -> Result<Zeroizing<String>, String> {
    zaraba_secret::read(path).map_err(|e| format!("secret_file {}: {e}", path.display()))
}

/// Runs a program of the settings with the notice on its standard input: no shell, nothing of
/// the notice in its arguments, nothing of this program's environment.
async fn run(command: &[String], body: &str) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("no program".into()) };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let told = async {
        if let Some(mut input) = child.stdin.take() {
            // A program that does not read is judged by how it ends.
            let _ = input.write_all(body.as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Err(_) => Err(format!("{program}: not done after {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_a_day_passes_before_it_is_given_up() {
        assert!(pause(1) < 1.0);
        assert!((pause(ATTEMPTS) - LONGEST_PAUSE).abs() < f64::EPSILON);
        let all: f64 = (1..ATTEMPTS).map(pause).sum();
        assert!((86_400.0..100_000.0).contains(&all), "{all}");
    }

    #[test]
    fn a_signature_covers_time_and_body() {
        let sign = |time, body| signature(b"key", time, body);
        assert!(sign(1, "a").starts_with("v1="));
        assert_eq!(sign(1, "a"), sign(1, "a"));
        assert_ne!(sign(1, "a"), sign(2, "a"));
        assert_ne!(sign(1, "a"), sign(1, "b"));
    }
}
