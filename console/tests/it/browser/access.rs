//! What a page must be for everyone: no barrier that axe-core finds, nothing cut off at 200%
//! zoom, usable by keys alone. Also the keys themselves.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use serde_json::{Value, json};

use super::Browser;

const AXE: &str = include_str!("../../assets/axe.min.js");

/// The keys that have no character of their own, as WebDriver writes them.
pub mod key {
    pub const TAB: char = '\u{e004}';
    pub const ENTER: char = '\u{e007}';
    pub const SHIFT: char = '\u{e008}';
    pub const ESCAPE: char = '\u{e00c}';
}

/// Elements whose text does not fit where it is shown: beyond the page's right edge, or cut
/// by their own box. What scrolls on its own may be longer than its box; a cut that says the
/// whole text in its title may be short.
const CUT_OFF: &str = "
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width)
    found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
  for (const e of document.querySelectorAll('body *')) {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || style.visibility === 'hidden') continue;
    if (e.closest('svg, .hidden, .skip, canvas, [aria-hidden=true], dialog:not([open])')) continue;
    if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
    let scrolls = false;
    for (let p = e; p && p !== document.body; p = p.parentElement)
      scrolls ||= /auto|scroll/.test(getComputedStyle(p).overflowX);
    const name = `${e.tagName.toLowerCase()}.${e.className}: ${e.textContent.trim().slice(0, 40)}`;
    if (!scrolls && box.right > width + 1) found.push(`beyond the edge: ${name}`);
    if (/hidden|clip/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && !e.title)
      found.push(`cut by its box: ${name}`);
  }
  return found.slice(0, 8);";

fn texts(found: &Value) -> Vec<String> {
    let texts = found.as_array().expect("a list from the page").iter();
    texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

impl Browser {
    /// What axe-core calls a barrier on the page shown, by the rules of WCAG 2.0 to 2.2, levels
    /// A and AA.
    pub async fn barriers(&self) -> Vec<String> {
        self.client.execute(AXE, vec![]).await.unwrap();
        let run = "const done = arguments[0]; axe.run({runOnly: ['wcag2a', 'wcag2aa', \
            'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']}).then((r) => done({\
            passed: r.passes.length, violations: r.violations.map((v) => `${v.id}: ` + v.nodes\
            .map((n) => `${n.target.join(' ')} ${n.failureSummary}`).slice(0, 4).join(' | '))}))";
        let found = self.client.execute_async(run, vec![]).await.unwrap();
        assert!(found["passed"].as_u64() > Some(5), "axe-core hardly ran: {found}");
        texts(&found["violations"])
    }

    /// Fails when axe-core finds a barrier on the page shown.
    pub async fn assert_accessible(&self) {
        let url = self.client.current_url().await.unwrap();
        let found = self.barriers().await;
        assert!(found.is_empty(), "{url}: {found:#?}");
    }

    /// What is cut off, and whether the page scrolls sideways.
    pub async fn cut_off(&self) -> Vec<String> {
        texts(&self.client.execute(CUT_OFF, vec![]).await.unwrap())
    }

    /// Shows pages as a window of this many device pixels at this zoom would: 1440 pixels at
    /// 200% are 720 of the stylesheet's.
    pub async fn zoom(&self, width: u32, height: u32, percent: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width * 100 / percent, "height": height * 100 / percent,
                "deviceScaleFactor": f64::from(percent) / 100.0, "mobile": false}),
        )
        .await;
    }

    /// Sends a command of the browser's own protocol; its result.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver_url);
        let request = reqwest::Client::new().post(url);
        let body = json!({"cmd": command, "params": parameters});
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert!(answer["value"].get("error").is_none(), "{command}: {answer}");
        answer["value"].clone()
    }

    /// Presses keys one after another; see [`key`] for those without a character.
    pub async fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Presses Tab backwards.
    pub async fn press_shift_tab(&self) {
        let actions = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: key::SHIFT })
            .then(KeyAction::Down { value: key::TAB })
            .then(KeyAction::Up { value: key::TAB })
            .then(KeyAction::Up { value: key::SHIFT });
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Presses Tab until the element is focused; fails when the keys do not reach it.
    pub async fn tab_to(&self, selector: &str) {
        let script = format!("return document.activeElement.matches({})", json!(selector));
        for _ in 0..200 {
            if self.client.execute(&script, vec![]).await.unwrap() == true {
                return;
            }
            self.press(&key::TAB.to_string()).await;
        }
        panic!("200 times Tab did not reach {selector}");
    }
}
