//! The node that serves is cut off and another takes over, while pages are open and an approved
//! action is on its way: in a real browser, with two real backends one after the other.
//!
//! The second node starts on a copy of the first one's journal, as a standby that had acknowledged
//! everything; the console reaches whichever is in charge by one address, as by a name of the
//! service's. Who takes over, and when, is not decided here.

use std::net::SocketAddr;

use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::away::{DONE, approved_and_held, count, eventually, release};
use crate::browser::missing;
use crate::whole::Whole;
use crate::world::skipped;

/// Where connections lead, and what becomes of them.
#[derive(Clone, Copy, PartialEq)]
struct Way {
    to: SocketAddr,
    /// What the node says does not come back, and nothing tells that it does not: a cable pulled,
    /// not a connection closed.
    mute: bool,
}

/// An address that outlives the nodes behind it.
pub struct Relay {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Relay {
    pub async fn to(url: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, ways) = watch::channel(Way { to: address_of(url), mute: false });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, ways.clone()));
            }
        });
        Relay { address, way }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn mute(&self) {
        self.way.send_modify(|way| way.mute = true);
    }

    /// To another node: connections to the one before stay as they are, open and mute.
    fn turn_to(&self, url: &str) {
        self.way.send_replace(Way { to: address_of(url), mute: false });
    }
}

fn address_of(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// One connection: both ways until an end closes it; once the way is mute, only towards the node.
async fn relay(mut client: TcpStream, mut ways: watch::Receiver<Way>) {
    let begun = *ways.borrow_and_update();
    let Ok(mut node) = TcpStream::connect(begun.to).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_node, mut to_node) = node.split();
    let muted = async {
        let _ = ways.wait_for(|way| way.mute || *way != begun).await;
    };
    let back = async {
        tokio::select! {
            done = copy(&mut from_node, &mut to_client) => drop(done),
            () = muted => std::future::pending().await,
        }
    };
    tokio::select! {
        // A node that ended says no more than one that is cut off, once the way is mute.
        _ = copy(&mut from_client, &mut to_node) => {}
        () = back => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cut_off_is_told_and_the_next_one_goes_on_without_doing_twice() {
    const NAME: &str = "a_node_cut_off_is_told_and_the_next_one_goes_on_without_doing_twice";
    if let Some(why) = missing() {
        return skipped(NAME, &why);
    }
    let (mut whole, [admin, api]) = Whole::behind_relays("crypto").await;
    let second = approved_and_held(&whole).await;
    whole.open("/books/BTC_JPY").await;
    whole.moves().await;

    // The action reaches the node and its journal; nobody hears of it.
    admin.mute();
    api.mute();
    release(&whole).await;
    eventually(&whole, DONE).await;
    let stale = "document.querySelector('.mark.stale')?.textContent.startsWith('Stale since')";
    whole.browser.wait_until(stale).await;
    whole.browser.wait("#ladder table").await;
    let open = "SELECT count(*) FROM console.requests WHERE state = 'applying'";
    assert_eq!(count(&whole, open).await, 1, "what is not known is not said to be done");

    whole.backend.hand_over().await;
    let next = whole.backend.dev_file();
    admin.turn_to(&next.admin);
    api.turn_to(&next.api);
    whole.moves().await;
    // The page that is open takes the outcome up by itself, too.
    second.wait("#outcome[data-state=applied]").await;
    assert_eq!(count(&whole, DONE).await, 1, "once in the journal");
    second.client.goto(&whole.world.at("/books/ETH_JPY")).await.unwrap();
    second.wait(".mark.live").await;
    assert!(second.text("main").await.contains("Halted"), "the next node has it halted");
    second.close().await;
    whole.end().await;
}
