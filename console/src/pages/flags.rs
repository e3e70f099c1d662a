//! Feature flags: every level per product, which one wins, and the history of one.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::offers::{Offer, offer};
use crate::app::App;
use crate::backend::market::{Flag, FlagChange};
use crate::error::{Failure, html};
use crate::i18n::{I, L, M, Word};
use crate::view::View;

const FIELDS: [&str; 1] = ["flag"];

/// A flag for one product.
struct Row {
    flag: Flag,
    product: String,
    change: Option<Offer>,
}

#[derive(Template)]
#[template(path = "flags.html")]
struct FlagsPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    /// Why the backend does not tell its flags.
    away: Option<String>,
    rows: Vec<Row>,
    /// The chosen flag's changes.
    history: Option<(String, Vec<FlagChange>)>,
}

impl FlagsPage<'_> {
    fn level(&self, value: &Option<String>) -> String {
        self.word(value.as_deref().unwrap_or("unset"))
    }

    fn word(&self, value: &str) -> String {
        match value {
            "on" => self.v.t(M::On).to_owned(),
            "off" => self.v.t(M::Off).to_owned(),
            "unset" => self.v.t(I::NotSet).to_owned(),
            other => other.to_owned(),
        }
    }

    /// What the flag switches, in the reader's language where its name is known; else as the
    /// backend says it.
    fn meaning(&self, flag: &Flag) -> String {
        let words = self.v.w(Word::Flag, &flag.name);
        if words == flag.name { flag.meaning.clone() } else { words }
    }

    fn wins(&self, level: &str) -> &'static str {
        match level {
            "environment" => self.v.t(I::Environment),
            "file" => self.v.t(I::File),
            "database" => self.v.t(I::Database),
            _ => self.v.t(I::Default),
        }
    }
}

fn rows(view: &View, flags: Vec<Flag>) -> Vec<Row> {
    let mut rows = Vec::new();
    for flag in flags {
        for product in flag.products.keys() {
            let fields = [("flag", flag.name.as_str()), ("product", product.as_str())];
            let change = offer(view, "flag", &fields);
            rows.push(Row { flag: flag.clone(), product: product.clone(), change });
        }
    }
    rows
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let (away, flags) = match app.backend.flags().await {
        Ok(flags) => (None, flags),
        Err(why) => (Some(why.to_string()), Vec::new()),
    };
    let names: Vec<&str> = flags.iter().map(|flag| flag.name.as_str()).collect();
    let chosen = asked.check().and_then(|()| asked.choice("flag", &names));
    let (problem, chosen) = match chosen {
        Ok(chosen) => (None, chosen),
        // Without the flags it cannot be told whether the name is one.
        Err(_) if away.is_some() => (None, None),
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), None),
    };
    let history = match chosen {
        Some(name) => {
            let changes = app.backend.flag_history(&name).await?;
            Some((name, changes))
        }
        None => None,
    };
    let status = super::status_of(&problem);
    let rows = rows(&view, flags);
    let mut response = html(&FlagsPage { v: &view, asked: &asked, problem, away, rows, history })?;
    *response.status_mut() = status;
    Ok(response)
}
