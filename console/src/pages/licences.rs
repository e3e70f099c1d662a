//! The parts made by others that reach the browser, with their licences. The notice of
//! Lightweight Charts is here and under every chart, because its own logo is switched off.

use askama::Template;
use axum::response::Response;

use crate::error::{Failure, html};
use crate::i18n::M;
use crate::view::View;

struct Part {
    name: &'static str,
    licence: &'static str,
    notice: &'static str,
    file: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        name: "TradingView Lightweight Charts™ 5.2",
        licence: "Apache-2.0",
        notice: "TradingView Lightweight Charts™ Copyright © 2026 TradingView, Inc. https://www.tradingview.com/",
        file: "vendor/lightweight-charts.LICENSE",
    },
    Part {
        name: "htmx 2.0",
        licence: "0BSD",
        notice: "Big Sky Software",
        file: "vendor/htmx.LICENSE",
    },
    Part {
        name: "htmx SSE extension 2.2",
        licence: "0BSD",
        notice: "Big Sky Software",
        file: "vendor/htmx-sse.LICENSE",
    },
    Part {
        name: "Digital Agency design tokens 1.1",
        licence: "MIT",
        notice: "Copyright © Digital Agency, Government of Japan",
        file: "vendor/digital-agency-tokens.LICENSE",
    },
];

#[derive(Template)]
#[template(path = "licences.html")]
struct LicencesPage<'a> {
    v: &'a View,
    parts: &'a [Part],
}

/// The page.
pub async fn page(view: View) -> Result<Response, Failure> {
    html(&LicencesPage { v: &view, parts: &PARTS })
}
