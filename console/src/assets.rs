//! Static files, embedded. Every address carries a hash of the content, so that a browser
//! may keep a file for ever and still never uses an old one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct File {
    content: Cow<'static, [u8]>,
    content_type: &'static str,
}

/// Files by hashed path, and hashed paths by name.
static INDEX: LazyLock<(HashMap<String, File>, HashMap<String, String>)> = LazyLock::new(|| {
    let (mut files, mut names) = (HashMap::new(), HashMap::new());
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        let hash = blake3::hash(&file.data).to_hex();
        let path = format!("{}/{name}", &hash[..16]);
        names.insert(name.to_string(), format!("/static/{path}"));
        let content_type = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        files.insert(path, File { content: file.data, content_type });
    }
    (files, names)
});

/// The address of an embedded file.
///
/// # Panics
/// When there is no such file; every name is a literal in a template, and every template is
/// rendered by a test.
pub fn url(name: &str) -> String {
    match INDEX.1.get(name) {
        Some(url) => url.clone(),
        None => panic!("no embedded file {name}; add it under console/static"),
    }
}

/// Serves `/static/{hash}/{name}`.
pub async fn serve(Path(path): Path<String>) -> Response {
    match INDEX.0.get(&path) {
        Some(file) => (
            [
                (header::CONTENT_TYPE, file.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            file.content.clone(),
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "no such file").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendored_file_comes_with_its_licence() {
        for name in INDEX.1.keys().filter(|n| n.starts_with("vendor/")) {
            let base = name.split('.').next().unwrap();
            let licence = format!("{base}.LICENSE");
            assert!(INDEX.1.contains_key(&licence), "{name} has no {licence}");
        }
    }
}
