//! What a connection has been told of its account's events and what comes next: a live
//! position, and at most one stretch of missed events to be replayed before it. Operations
//! change it, the writer takes pages from it. Pure bookkeeping: no I/O.

use serde_json::Value;
use zaraba_engine::types::{AccountId, Seq};

use super::ops::OpError;
use crate::market::private::{Kinds, Position};

/// A stretch of missed events that is being told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Told up to here.
    pub at: Position,
    /// To be told up to here; live events follow.
    pub until: Position,
    /// Events told so far.
    pub count: u64,
    /// Whether the client asked for it and is told its end.
    pub asked: bool,
    /// The client's id of that operation.
    pub id: Option<Value>,
}

/// Private events of one connection.
#[derive(Debug, Default)]
pub struct Feed {
    /// Whose, once authenticated.
    pub account: Option<AccountId>,
    /// Subscribed channels.
    pub kinds: Kinds,
    live: Option<Position>,
    replay: Option<Replay>,
    /// Everything after this was or will be told on this connection.
    covered_from: Option<Position>,
}

/// What to tell next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing is subscribed.
    Nothing,
    /// Missed events.
    Replay(Replay),
    /// Events after this position.
    Live(Position),
}

impl Feed {
    /// What to tell next.
    pub fn next(&self) -> Next {
        match (&self.replay, self.live) {
            (Some(replay), _) => Next::Replay(replay.clone()),
            (None, Some(live)) => Next::Live(live),
            (None, None) => Next::Nothing,
        }
    }

    /// Adds channels; `now` gives the present position and is only asked when the first
    /// channel is added. Whether it was.
    pub fn subscribe(&mut self, kinds: Kinds, now: impl FnOnce() -> Position) -> bool {
        let first = self.kinds.is_empty() && !kinds.is_empty();
        self.kinds = self.kinds.with(kinds);
        if first {
            let now = now();
            (self.live, self.covered_from) = (Some(now), Some(now));
        }
        first
    }

    /// Removes channels. Whether none is left.
    pub fn unsubscribe(&mut self, kinds: Kinds) -> bool {
        let some = !self.kinds.is_empty();
        self.kinds = self.kinds.without(kinds);
        let none = some && self.kinds.is_empty();
        if none {
            (self.live, self.replay, self.covered_from) = (None, None, None);
        }
        none
    }

    /// Starts telling what came after `from` and was not told on this connection.
    ///
    /// # Errors
    /// Not subscribed, another resume is going on, or `from` is after `end`.
    pub fn resume(&mut self, from: Position, end: Seq, id: Option<Value>) -> Result<(), OpError> {
        let Some(covered) = self.covered_from else {
            return Err(OpError::NotSubscribed("any private channel".to_owned()));
        };
        if from.seq > end {
            return Err(OpError::SeqAhead(end.0));
        }
        if self.replay.is_some() {
            return Err(OpError::ResumeInProgress);
        }
        // What is covered is told once, also to a client that asks twice.
        let at = from.min(covered);
        self.covered_from = Some(at);
        self.replay = Some(Replay { at, until: covered, count: 0, asked: true, id });
        Ok(())
    }

    /// Notes progress of the replay given out by [`Feed::next`]; `None`: it is over. Ignored
    /// when the channels were left meanwhile.
    pub fn replayed(&mut self, before: &Replay, after: Option<Replay>) {
        if self.replay.as_ref() == Some(before) {
            self.replay = after;
        }
    }

    /// Notes that live events were told from `before` to `after`.
    pub fn told(&mut self, before: Position, after: Position) {
        if self.live == Some(before) {
            self.live = Some(after);
        }
    }

    /// Turns the live events from `before` to `until`, which are no longer in memory, into
    /// a stretch to be replayed.
    pub fn fell_behind(&mut self, before: Position, until: Position) {
        if self.live == Some(before) {
            self.live = Some(until);
            self.replay = Some(Replay { at: before, until, count: 0, asked: false, id: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: u64) -> Position {
        Position::end_of(Seq(seq))
    }

    #[test]
    fn a_resume_comes_before_live_events_and_never_twice() {
        let mut feed = Feed::default();
        assert!(feed.resume(at(1), Seq(10), None).is_err());
        assert!(feed.subscribe(Kinds::ORDERS, || at(10)));
        assert!(!feed.subscribe(Kinds::FILLS, || panic!("the position is known")));
        assert_eq!(feed.resume(at(11), Seq(10), None), Err(OpError::SeqAhead(10)));
        feed.resume(at(4), Seq(10), None).unwrap();
        assert_eq!(feed.resume(at(2), Seq(10), None), Err(OpError::ResumeInProgress));
        let Next::Replay(replay) = feed.next() else { panic!("replay first") };
        assert_eq!((replay.at, replay.until), (at(4), at(10)));
        feed.replayed(&replay, None);
        assert_eq!(feed.next(), Next::Live(at(10)));
        feed.told(at(10), at(15));
        // Asked again from 7: all of it was told. From 2: only up to 4.
        feed.resume(at(7), Seq(15), None).unwrap();
        let Next::Replay(replay) = feed.next() else { panic!("replay first") };
        assert_eq!((replay.at, replay.until), (at(4), at(4)));
        feed.replayed(&replay, None);
        feed.resume(at(2), Seq(15), None).unwrap();
        let Next::Replay(replay) = feed.next() else { panic!("replay first") };
        assert_eq!((replay.at, replay.until), (at(2), at(4)));
    }

    #[test]
    fn leaving_all_channels_forgets_the_position() {
        let mut feed = Feed::default();
        feed.subscribe(Kinds::ALL, || at(10));
        assert!(!feed.unsubscribe(Kinds::FILLS));
        assert!(feed.unsubscribe(Kinds::ALL));
        assert_eq!(feed.next(), Next::Nothing);
        feed.told(at(10), at(12));
        assert_eq!(feed.next(), Next::Nothing);
        assert!(feed.subscribe(Kinds::ORDERS, || at(20)));
        assert_eq!(feed.next(), Next::Live(at(20)));
    }
}
