//! Calls to services of others: web hooks and the identity provider. TLS with rustls against
//! the public roots and the authorities of the settings; no redirects are followed; time and
//! size of every answer are bounded. Knows nothing of what is called.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::backend::root_cause;
use crate::config::Tls;

/// Largest answer that is read, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// Makes calls; cheap to clone.
#[derive(Clone)]
pub struct Outward {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What a service answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, whole.
    pub body: Bytes,
}

/// A call to make: a GET, or with a body a POST.
#[derive(Debug)]
pub struct Call<'a> {
    /// Where to.
    pub url: &'a str,
    /// Headers beside the usual ones.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Media type and content of a POST.
    pub body: Option<(&'static str, Bytes)>,
    /// How long it may take in all.
    pub patience: Duration,
}

impl Outward {
    /// Reads the authorities of the settings.
    ///
    /// # Errors
    /// When their file cannot be read or has no certificate.
    pub fn new(config: &Tls) -> anyhow::Result<Outward> {
        let provider = rustls::crypto::ring::default_provider();
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .context("no TLS version can be spoken")?
            .with_root_certificates(roots(config)?)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        // Calls are rare: a connection kept idle would only be found closed.
        let http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Outward { http })
    }

    /// Makes a call and reads the whole answer.
    ///
    /// # Errors
    /// Why there is none, in words that hold nothing of what was sent.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, String> {
        let patience = call.patience;
        match tokio::time::timeout(patience, self.exchange(call)).await {
            Ok(done) => done,
            Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
        }
    }

    async fn exchange(&self, call: Call<'_>) -> Result<Answer, String> {
        let method = if call.body.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(call.url);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut sent = Bytes::new();
        if let Some((media, body)) = call.body {
            request = request.header("content-type", media);
            sent = body;
        }
        let request = request.body(Full::new(sent)).map_err(|e| e.to_string())?;
        let answer = self.http.request(request).await.map_err(|e| root_cause(&e))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST);
        let body = body.collect().await.map_err(|e| match e.source() {
            Some(_) => root_cause(&*e),
            None => format!("the answer is not whole or over {LARGEST} bytes: {e}"),
        })?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

/// The authorities that certificates may come from.
fn roots(config: &Tls) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if config.public_roots {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let path = &config.ca_file;
    if !path.as_os_str().is_empty() {
        let said = || format!("tls.ca_file {}", path.display());
        let mut any = false;
        for certificate in CertificateDer::pem_file_iter(path).with_context(said)? {
            roots.add(certificate.with_context(said)?).with_context(said)?;
            any = true;
        }
        anyhow::ensure!(any, "{}: it has no certificate in PEM form", said());
    }
    Ok(roots)
}

/// Whether an address of the settings can be called: https, or http where nothing leaves this
/// machine or `plain` says that it may.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str, plain: bool) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|e| format!("{url:?} is no address: {e}"))?;
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || uri.authority().is_some_and(|all| all.as_str().contains('@')) {
        return Err(format!("{url:?} must name a host, and no user"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if plain || is_loopback(host) => Ok(()),
        Some("http") => Err(format!(
            "{url:?} would be sent readable over the network; it must begin with https://"
        )),
        _ => Err(format!("{url:?} must begin with https://")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine_unless_it_is_allowed() {
        for good in
            ["https://hooks.example/x", "http://127.0.0.1:9/", "http://[::1]/", "http://localhost/"]
        {
            assert_eq!(check_url(good, false), Ok(()), "{good}");
        }
        for bad in
            ["http://10.0.0.1/", "http://localhost.example/", "ftp://x/", "/x", "https://", ""]
        {
            assert!(check_url(bad, false).is_err(), "{bad}");
        }
        assert_eq!(check_url("http://10.0.0.1/", true), Ok(()));
        assert!(check_url("https://user:word@hooks.example/", true).is_err());
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let ca_file = dir.path().join("ca.pem");
        let tls = Tls { ca_file: ca_file.clone(), public_roots: true };
        assert!(roots(&tls).unwrap_err().to_string().contains("ca.pem"));
        std::fs::write(&ca_file, "nothing\n").unwrap();
        assert!(roots(&tls).unwrap_err().to_string().contains("no certificate"));
        let none = Tls { ca_file: "".into(), public_roots: false };
        assert!(roots(&none).unwrap().is_empty());
    }
}
