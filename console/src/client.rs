//! Who is at the other end of a request: address and browser. Knows nothing of people.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};

use crate::app::App;
use crate::config::Http;
use crate::error::Failure;

/// Longest name of a browser that is kept.
const LONGEST_AGENT: usize = 200;

/// The other end of a request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the request came from: the last entry that a believed proxy wrote, or the peer.
    pub address: IpAddr,
    /// What the browser calls itself, cut to a bounded length.
    pub agent: String,
}

impl Client {
    /// The other end of a request with these headers; nothing without a connection.
    pub fn of(http: &Http, extensions: &Extensions, headers: &HeaderMap) -> Option<Client> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Client { address: address(http, peer.ip(), headers), agent: agent(headers) })
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Client, Failure> {
        Client::of(&app.config.http, &parts.extensions, &parts.headers)
            .ok_or_else(|| Failure::Internal("a request without a connection".into()))
    }
}

fn address(http: &Http, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !http.proxies.contains(&peer.to_canonical()) {
        return peer.to_canonical();
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|entry| entry.trim().parse().ok())
        .next_back()
        .unwrap_or(peer)
}

fn agent(headers: &HeaderMap) -> String {
    headers
        .get(header::USER_AGENT)
        .map(|v| String::from_utf8_lossy(v.as_bytes()).chars().take(LONGEST_AGENT).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_believed_proxy_is_believed() {
        let mut http = crate::config::Config::default().http;
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(address(&http, peer, &headers), peer);
        http.proxies = vec![peer];
        assert_eq!(address(&http, peer, &headers).to_string(), "198.51.100.7");
        assert_eq!(address(&http, "192.0.2.1".parse().unwrap(), &headers).to_string(), "192.0.2.1");
    }
}
