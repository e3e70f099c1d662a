//! Clients that hold on to sockets without using them as they should.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::World;

/// Far above every limit of the test's settings: what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads until the server closes; what it said.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    read.expect("the server closes the connection").ok();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_half_sent_requests_are_closed_and_others_served() {
    let world = World::with(|config| {
        config.http.header_seconds = 1;
        config.http.request_seconds = 2;
    })
    .await;
    let alice = world.trader("alice").await;
    let started = Instant::now();
    let mut silent = TcpStream::connect(world.public).await.unwrap();
    // The beginning of HTTP/2's preface: the server cannot know yet what is spoken.
    let mut undecided = TcpStream::connect(world.public).await.unwrap();
    undecided.write_all(b"PRI").await.unwrap();
    let mut half_header = TcpStream::connect(world.public).await.unwrap();
    half_header.write_all(b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nX-Api-").await.unwrap();
    let body = serde_json::to_vec(&world.good()).unwrap();
    let mut half_body = TcpStream::connect(world.public).await.unwrap();
    let mut head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n",
        body.len()
    );
    for (name, value) in alice.headers(world.time(), "POST", "/v1/orders", &body) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    half_body.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    half_body.write_all(&body[..10]).await.unwrap();

    assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    until_closed(&mut silent).await;
    until_closed(&mut undecided).await;
    until_closed(&mut half_header).await;
    let said = until_closed(&mut half_body).await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("request_timeout"), "{said}");
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_hang_ups_hurt_no_one() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    for garbage in [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut stream = TcpStream::connect(world.public).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        until_closed(&mut stream).await;
    }
    // Below the layers that know the error form: the status alone, as documented.
    let long_target = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(66_000));
    let many = format!("GET /v1/time HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(200));
    for (request, status) in [
        ("GET /v1/time HTTP/1.1\r\nHost x\r\n\r\n".to_owned(), "400"),
        (long_target, "414"),
        (many, "431"),
    ] {
        let mut stream = TcpStream::connect(world.public).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {said}");
        assert!(said.ends_with("\r\n\r\n") && !said.contains("x-request-id"), "{said}");
    }
    // Gone before the answer, many times.
    let body = serde_json::to_vec(&json!({"x": 1})).unwrap();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(world.public).await.unwrap();
        let head = format!(
            "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
    }
    assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_past_the_bound_wait_and_are_served_when_there_is_room() {
    let world = World::with(|config| config.http.connections = 2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(world.public).await.unwrap();
        stream.write_all(b"GET /v1/time HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut some = [0; 12];
        stream.read_exact(&mut some).await.unwrap();
        assert_eq!(&some, b"HTTP/1.1 200");
        held.push(stream);
    }
    let mut third = TcpStream::connect(world.public).await.unwrap();
    third
        .write_all(b"GET /v1/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    // Idle connections are closed by the header timeout, or here by their owner.
    held.clear();
    let said = until_closed(&mut third).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_host_once() {
    let world = World::start().await;
    for (hosts, status) in [("", "400"), ("Host: x\r\nHost: y\r\n", "400"), ("Host: x\r\n", "200")]
    {
        let mut stream = TcpStream::connect(world.public).await.unwrap();
        let request = format!("GET /v1/time HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts:?}: {said}");
        assert_eq!(said.contains("invalid_parameter"), status == "400", "{said}");
    }
    world.stop().await;
}

/// The heads of requests whose body is not wanted, and what they are answered with.
fn unwanted(length: usize) -> [(String, &'static str, &'static str); 4] {
    let post = "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let signed = "X-Api-Key: x\r\nX-Request-Time: 1\r\nX-Signature: x\r\n";
    let chunks = format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n");
    [
        (format!("{post}Content-Length: {length}\r\n\r\n"), "413", "body_too_large"),
        (format!("{post}{signed}{chunks}"), "413", "body_too_large"),
        (format!("{post}{chunks}"), "401", "unauthorized"),
        (
            format!("GET /v1/time HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            "400",
            "invalid_parameter",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_ten_times_the_limit_before_reading_gets_the_whole_answer() {
    let world = World::with(|config| config.http.body_bytes = 64 << 10).await;
    let body = vec![b' '; 640 << 10];
    for _ in 0..10 {
        for (head, status, code) in unwanted(body.len()) {
            let mut stream = TcpStream::connect(world.public).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // Piece by piece, so that the answer is there long before the last.
            for piece in body.chunks(64 << 10) {
                stream.write_all(piece).await.unwrap_or_else(|error| panic!("{code}: {error}"));
                tokio::task::yield_now().await;
            }
            let mut said = String::new();
            let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said)).await;
            read.expect("the server ends its answer").expect("and does not reset the connection");
            assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
            assert!(said.contains(code), "{said}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_stops_sending_is_cut_off() {
    let world = World::with(|config| {
        config.http.body_bytes = 64 << 10;
        config.http.request_seconds = 2;
    })
    .await;
    let alice = world.trader("alice").await;
    let endless = usize::MAX >> 1;
    // As fast as it goes: cut by bytes. Little by little: cut by time.
    for (piece, pause) in [(64 << 10, Duration::ZERO), (10, Duration::from_millis(20))] {
        for (head, status, code) in unwanted(endless) {
            let stream = TcpStream::connect(world.public).await.unwrap();
            let (mut read, mut write) = stream.into_split();
            let said = tokio::spawn(async move {
                let mut said = Vec::new();
                let _ = read.read_to_end(&mut said).await;
                String::from_utf8_lossy(&said).into_owned()
            });
            write.write_all(head.as_bytes()).await.unwrap();
            let (body, mut sent) = (vec![b' '; piece], 0_usize);
            let cut = async {
                while write.write_all(&body).await.is_ok() {
                    sent += piece;
                    tokio::time::sleep(pause).await;
                }
            };
            tokio::time::timeout(PATIENCE, cut).await.expect("it is cut off");
            // What the kernel's buffers hold comes on top.
            assert!(sent < 17 * (64 << 10) + (32 << 20), "{sent} bytes were taken");
            let said = said.await.unwrap();
            // A sender that is cut off may have lost the answer; others have it.
            // One whose body is wanted has to arrive in time first.
            let late = said.starts_with("HTTP/1.1 408 ") && status == "413" && piece == 10;
            let answered =
                late || said.starts_with(&format!("HTTP/1.1 {status} ")) && said.contains(code);
            assert!(answered || said.is_empty(), "{said}");
            assert!(answered || piece > 10, "who sends little by little has its answer");
        }
    }
    assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    world.stop().await;
}
