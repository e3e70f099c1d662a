//! A headless Chromium through chromedriver, and what it complained about. `access` looks at
//! pages with the eyes and hands of others; `walk` opens every page.

pub mod access;
mod charts;
mod keyboard;
mod lists;
mod passkeys;
mod requests;
mod walk;

use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::world::{LOGIN, PASSWORD, World, skipped};

/// Why browser tests cannot run here, if so.
pub fn missing() -> Option<String> {
    for program in ["chromedriver", "chromium"] {
        if std::process::Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            return Some(format!(
                "no {program} (Debian: apt-get install chromium chromium-driver)"
            ));
        }
    }
    crate::world::missing().map(str::to_owned)
}

/// Runs a test with a browser, or says that it did not.
pub async fn with_browser<F: Future<Output = Browser>>(
    name: &str,
    test: impl FnOnce(World, Browser) -> F,
) {
    match missing() {
        Some(why) => skipped(name, &why),
        None => {
            World::with(name, async |world| {
                let browser = Browser::open(1440, 900).await;
                test(world, browser).await.close().await;
            })
            .await;
        }
    }
}

pub struct Browser {
    pub client: Client,
    driver: Child,
    driver_url: String,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    /// A test that failed leaves no browser behind that would take the processor from others.
    fn drop(&mut self) {
        if let Some(group) = self.driver.id() {
            let group = format!("-{group}");
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        }
    }
}

impl Browser {
    pub async fn open(width: u32, height: u32) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // The browser it starts is of its group, and ends with it.
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver says its port");
            if let Some((_, rest)) = line.split_once("started successfully on port ") {
                break rest.trim_end_matches('.').parse::<u16>().unwrap();
            }
        };
        // Its output has to be read on, or it would stop at a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let profile = tempfile::tempdir().unwrap();
        let driver_url = format!("http://127.0.0.1:{port}");
        let capabilities = json!({
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
                format!("--user-data-dir={}", profile.path().display()),
                format!("--window-size={width},{height}"),
            ]},
            // Of an identity provider whose authority is made for a test.
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        // Plain HTTP: chromedriver is on loopback, and no TLS provider has to be chosen.
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver_url)
            .await
            .unwrap();
        Browser { client, driver, driver_url, _profile: profile }
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/se/log", self.driver_url);
        let answer: Value = reqwest::Client::new()
            .post(url)
            .json(&json!({"type": kind}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["value"].as_array().unwrap().clone()
    }

    /// Fails when the console wrote an error (a policy violation is one) or anything was
    /// asked of another host.
    pub async fn assert_clean(&self, world: &World, expected: &[&str]) {
        let errors: Vec<String> = self
            .log("browser")
            .await
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .filter(|text| !expected.iter().any(|known| text.contains(known)))
            .collect();
        assert!(errors.is_empty(), "the browser complained: {errors:#?}");
        let mut own = 0;
        for entry in self.log("performance").await {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let message = &message["message"];
            if message["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = message["params"]["request"]["url"].as_str().unwrap();
            let inside = ["data:", "blob:", "about:", "chrome"].iter().any(|s| url.starts_with(s));
            assert!(
                inside || url.starts_with(&world.url),
                "a request left the installation: {url}"
            );
            own += usize::from(!inside);
        }
        assert!(own > 0, "the log of requests is empty, so this check would prove nothing");
    }

    pub async fn sign_in(&self, world: &World) {
        self.client.goto(&world.at("/sign-in")).await.unwrap();
        self.type_into("#login", LOGIN).await;
        self.type_into("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.wait("header nav").await;
    }

    pub async fn type_into(&self, selector: &str, text: &str) {
        self.wait(selector).await.send_keys(text).await.unwrap();
    }

    /// Clicks what a live page may be replacing at this moment.
    pub async fn click(&self, selector: &str) {
        for _ in 0..20 {
            match self.wait(selector).await.click().await {
                Err(error) if error.to_string().contains("stale element") => {}
                clicked => return clicked.unwrap(),
            }
        }
        panic!("{selector} is replaced again and again\n{}", self.shown().await);
    }

    pub async fn wait(&self, selector: &str) -> fantoccini::elements::Element {
        let wait = self.client.wait().at_most(Duration::from_secs(20));
        match wait.for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error}\n{}", self.shown().await),
        }
    }

    /// Address and text of the page, for a test that found something else.
    async fn shown(&self) -> String {
        let script = "return `${location.href}\\n${document.body.innerText}`.slice(0, 4000)";
        let shown = self.client.execute(script, vec![]).await.unwrap_or_default();
        shown.as_str().unwrap_or_default().to_owned()
    }

    pub async fn text(&self, selector: &str) -> String {
        for _ in 0..20 {
            match self.wait(selector).await.text().await {
                Err(error) if error.to_string().contains("stale element") => {}
                text => return text.unwrap(),
            }
        }
        panic!("{selector} is replaced again and again\n{}", self.shown().await);
    }

    /// Waits until a script's expression is true.
    pub async fn wait_until(&self, expression: &str) {
        let script = format!("return !!({expression})");
        for _ in 0..400 {
            if self.client.execute(&script, vec![]).await.is_ok_and(|v| v == true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never became true: {expression}\n{}", self.shown().await);
    }

    pub async fn close(mut self) {
        self.client.clone().close().await.unwrap();
        self.driver.kill().await.unwrap();
    }
}
