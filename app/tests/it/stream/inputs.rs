//! Bad input on the stream: each gets its documented code, and the connection (or the next
//! one, where the documentation says it is closed) works afterwards.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use zaraba::auth::Scope;
use zaraba::auth::sign::Signer;
use zaraba::clock;

use futures_util::SinkExt;

use super::node::{End, Node, Stream, auth, auth_at, config};

const LONG_NAME: usize = 10_000;

async fn still_works(stream: &mut Stream) {
    stream.send(&json!({"op": "ping", "id": 1})).await;
    let answer = stream.next().await;
    assert_eq!((&answer["type"], &answer["id"]), (&json!("pong"), &json!(1)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_message_gets_its_code_and_a_good_one_works_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.operations_per_second = 10_000;
    let node = Node::start(config).await;
    let large = "x".repeat(65_537);
    let long = format!(r#"{{"op":"subscribe","channels":["{}"]}}"#, "x".repeat(LONG_NAME));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let many = json!({"op": "subscribe", "channels": vec!["depth:7203"; 501]}).to_string();
    let cases: &[(&str, &str)] = &[
        ("", "invalid_json"),
        ("hello", "invalid_json"),
        (&large, "message_too_large"),
        (r#"{"op":"ping""#, "invalid_json"),
        (r#"{"op":"ping"} x"#, "invalid_json"),
        (r#"{'op':'ping'}"#, "invalid_json"),
        (r#"{"op":"\ud800"}"#, "invalid_json"),
        (&deep, "invalid_json"),
        ("[]", "invalid_request"),
        ("null", "invalid_request"),
        ("5", "invalid_request"),
        ("{}", "invalid_request"),
        (r#"{"op":null}"#, "invalid_request"),
        (r#"{"op":["ping"]}"#, "invalid_request"),
        (r#"{"op":"ping","id":[1]}"#, "invalid_request"),
        (r#"{"op":"ping","extra":1}"#, "invalid_request"),
        (r#"{"op":"ping","op":"ping"}"#, "duplicate_field"),
        (r#"{"op":"ping","id":1,"id":1}"#, "duplicate_field"),
        (r#"{"op":"subscribe","channels":["depth:7203"],"channels":[]}"#, "duplicate_field"),
        (r#"{"op":"PING"}"#, "unknown_op"),
        (r#"{"op":"place"}"#, "unknown_op"),
        (r#"{"op":"subscribe"}"#, "invalid_request"),
        (r#"{"op":"subscribe","channels":"depth:7203"}"#, "invalid_request"),
        (r#"{"op":"subscribe","channels":[]}"#, "invalid_request"),
        (r#"{"op":"subscribe","channels":[1]}"#, "invalid_request"),
        (r#"{"op":"subscribe","channels":["depth:7203"],"levels":5}"#, "invalid_request"),
        (&many, "too_many_subscriptions"),
        (r#"{"op":"subscribe","channels":["depth"]}"#, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["depth:7203:1m"]}"#, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["candles:7203"]}"#, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["candles:7203:2m"]}"#, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["candles:7203:1m:x"]}"#, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["secrets:7203"]}"#, "unknown_channel"),
        (&long, "unknown_channel"),
        (r#"{"op":"subscribe","channels":["depth:"]}"#, "unknown_instrument"),
        (r#"{"op":"subscribe","channels":["depth:9999"]}"#, "unknown_instrument"),
        (r#"{"op":"subscribe","channels":["trades:7203","ticker:NONE"]}"#, "unknown_instrument"),
        (r#"{"op":"unsubscribe","channels":["depth:7203"]}"#, "not_subscribed"),
        (r#"{"op":"unsubscribe","channels":["orders"]}"#, "not_subscribed"),
        (r#"{"op":"subscribe","channels":["orders"]}"#, "not_authenticated"),
        (r#"{"op":"subscribe","channels":["depth:7203","fills"]}"#, "not_authenticated"),
        (r#"{"op":"resume","seq":1}"#, "not_authenticated"),
        (r#"{"op":"resume","seq":-1}"#, "invalid_request"),
        (r#"{"op":"resume","seq":1.5}"#, "invalid_request"),
        (r#"{"op":"resume","seq":"1"}"#, "invalid_request"),
        (r#"{"op":"resume"}"#, "invalid_request"),
        (r#"{"op":"auth"}"#, "invalid_request"),
        (r#"{"op":"auth","api_key":"k","request_time":-5,"signature":"00"}"#, "invalid_request"),
    ];
    let mut stream = node.connect().await;
    for (bad, code) in cases {
        stream.send_text(bad).await;
        let answer = stream.next().await;
        let shown: String = bad.chars().take(80).collect();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{shown}");
        still_works(&mut stream).await;
    }
    stream.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(stream.next().await["code"], "binary_message");
    // None of the refused subscriptions took effect in part.
    stream.subscribe(&["depth:7203"]).await;
    node.trade(25_000, 1).await;
    assert_eq!(stream.next().await["type"], "depth_snapshot");
    let all = stream.collect().await;
    assert!(all.iter().all(|message| message["type"] == "depth_diff"), "{all:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_named_twice_is_one_channel() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut stream = node.connect().await;
    let channels = ["phase:7203", "ticker:7203", "phase:7203", "ticker:7203"];
    for (op, answered) in [("subscribe", "subscribed"), ("unsubscribe", "unsubscribed")] {
        stream.send(&json!({"op": op, "channels": channels})).await;
        let answer = stream.next().await;
        assert_eq!(answer["type"], answered);
        assert_eq!(answer["channels"], json!(["phase:7203", "ticker:7203"]));
        if op == "subscribe" {
            let mut told: Vec<Value> = stream.collect().await;
            told.sort_by_key(|message| message["type"].to_string());
            let types: Vec<&Value> = told.iter().map(|message| &message["type"]).collect();
            assert_eq!(types, ["phase", "ticker"]);
        }
    }
    assert_eq!(stream.collect().await, Vec::<Value>::new());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication_has_the_checks_of_rest() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let buyer = node.key("buyer", &[Scope::Read]).await;
    let trader = node.key("buyer", &[Scope::Trade]).await;
    let now = clock::now().0 / 1_000_000;
    let used = auth(&buyer);
    drop(connect_with(&node, &used, "authenticated").await);

    let mut wrong_path = auth(&buyer);
    let time = now + 1;
    wrong_path["request_time"] = json!(time);
    wrong_path["signature"] = json!(buyer.sign(time, "GET", "/v1/orders", b""));
    let mut capitals = auth(&buyer);
    capitals["signature"] = json!(capitals["signature"].as_str().unwrap().to_uppercase());
    let cases: Vec<(Value, &str)> = vec![
        (used, "replayed_signature"),
        (auth_at(&buyer, now - 60_000), "stale_request"),
        (auth_at(&buyer, now + 60_000), "stale_request"),
        (auth(&Signer::hmac(buyer.api_key(), "not the secret")), "bad_signature"),
        (auth(&Signer::hmac("no such key", "secret")), "bad_signature"),
        (wrong_path, "bad_signature"),
        (capitals, "bad_signature"),
        (auth(&trader), "insufficient_scope"),
    ];
    let mut stream = node.connect().await;
    for (bad, code) in cases {
        stream.send(&bad).await;
        let answer = stream.next().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{bad}");
        stream.send(&json!({"op": "subscribe", "channels": ["orders"]})).await;
        assert_eq!(stream.next().await["code"], "not_authenticated");
    }
    stream.send(&auth(&buyer)).await;
    let answer = stream.next().await;
    assert_eq!((&answer["type"], &answer["account"]), (&json!("authenticated"), &json!("buyer")));
    stream.send(&auth(&buyer)).await;
    assert_eq!(stream.next().await["code"], "already_authenticated");
    for (bad, code) in [
        (json!({"op": "resume", "seq": 1}), "not_subscribed"),
        (json!({"op": "resume", "seq": 999_999_999, "channels": ["orders"]}), "seq_ahead"),
        (json!({"op": "resume", "seq": 1, "channels": ["depth:7203"]}), "invalid_request"),
        (json!({"op": "resume", "seq": 1, "channels": []}), "invalid_request"),
    ] {
        stream.send(&bad).await;
        assert_eq!(stream.next().await["code"], code, "{bad}");
    }
    stream.subscribe(&["orders"]).await;
    node.stop().await;
}

async fn connect_with(node: &Node, auth: &Value, expected: &str) -> Stream {
    let mut stream = node.connect().await;
    stream.send(auth).await;
    assert_eq!(stream.next().await["type"], expected);
    stream
}

/// Reads to the end: the last message's code and the close code.
pub async fn ending(stream: &mut Stream) -> (Value, Option<u16>) {
    let mut last = Value::Null;
    loop {
        match stream.next_or_end().await {
            End::Message(message) => last = message["code"].clone(),
            End::Closed(frame) => return (last, frame.map(|frame| u16::from(frame.code))),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_on_is_closed_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.operations_per_second = 1000;
    let node = Node::start(config).await;

    let mut stream = node.connect().await;
    // The server does not read all of this, so the sender may find the connection reset
    // before the reason has come.
    let _ = stream.socket.send(Message::text("x".repeat(10 << 20))).await;
    let (code, _) = ending(&mut stream).await;
    assert!(code == "message_too_large" || code.is_null(), "{code}");

    let mut stream = node.connect().await;
    for _ in 0..51 {
        stream.send_text("{").await;
    }
    assert_eq!(ending(&mut stream).await, (json!("too_many_errors"), Some(1008)));

    let mut stream = node.connect().await;
    let raw = stream.socket.get_mut();
    // A masked text frame of one byte that is not UTF-8 (0xff under a mask of zeros).
    tokio::io::AsyncWriteExt::write_all(raw, &[0x81, 0x81, 0, 0, 0, 0, 0xff]).await.unwrap();
    assert_eq!(ending(&mut stream).await, (json!("invalid_utf8"), Some(1007)));

    let mut stream = node.connect().await;
    still_works(&mut stream).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_clients_and_origins_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.clients = 2;
    config.stream.operations_per_second = 1;
    config.stream.origins = vec!["https://app.example".into()];
    let node = Node::start(config).await;
    let handshake = async |origin: Option<&str>| {
        let mut request = format!("ws://{}/v1/stream", node.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("Origin", origin.parse().unwrap());
        }
        let socket = tokio::net::TcpStream::connect(node.address).await.unwrap();
        match tokio_tungstenite::client_async(request, socket).await {
            Ok((socket, _)) => Ok(Stream { socket }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                let body: Value =
                    serde_json::from_slice(answer.body().as_deref().unwrap_or_default())
                        .unwrap_or_default();
                Err((answer.status().as_u16(), body["error"]["code"].clone()))
            }
            Err(other) => panic!("{other}"),
        }
    };
    let own = format!("http://{}", node.address);
    let refused = handshake(Some("https://evil.example")).await.err().unwrap();
    assert_eq!(refused.0, 403);
    let mut first = handshake(Some("https://app.example")).await.ok().unwrap();
    let second = handshake(Some(&own)).await.ok().unwrap();
    let refused = handshake(None).await.err().unwrap();
    assert_eq!(refused.0, 503);
    drop(second);
    while node.platform.market.clients() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(handshake(None).await.ok().unwrap());

    for _ in 0..20 {
        first.send(&json!({"op": "ping"})).await;
    }
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(first.next().await["code"].clone());
    }
    assert_eq!(codes[0], Value::Null);
    assert!(codes.contains(&json!("rate_limited")), "{codes:?}");

    // Not a handshake at all.
    let (status, body) = node.get("/v1/stream").await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_upgrade")));
    node.stop().await;
}
