//! A whole trading day in a development instance: thousands of shares, a plan of orders made
//! from a seed, sent by the public API at their times by the market's clock, and the day's summary
//! at the end.

pub mod furnish;
pub mod plan;
mod play;
mod requests;
pub mod universe;

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use jiff::civil::{Date, time};
use zaraba_engine::types::Profile;

use crate::clock::{self, MarketClock};
use crate::config::Config;
use crate::platform::Platform;
use crate::schedule::Calendar;
use crate::schedule::calendar::number;
use crate::tools::client::Endpoint;

pub use play::Counts;

/// How often the end of the day is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// A day to be simulated.
pub struct Simulation {
    /// Which.
    pub date: Date,
    calendar: Calendar,
}

impl Simulation {
    /// The given day, or the next one of business.
    ///
    /// # Errors
    /// When the day is not one of business.
    pub fn of(date: Option<Date>, config: &Config) -> Result<Simulation> {
        let calendar = Calendar::new(&config.schedule).map_err(anyhow::Error::msg)?;
        let today = calendar.local(clock::now()).date();
        let date = match date {
            Some(date) => date,
            None if calendar.is_business_day(Profile::Tse, today) => today,
            None => calendar.next_business_day(Profile::Tse, today),
        };
        if let Some(closed) = calendar.closed(Profile::Tse, date) {
            return Err(anyhow!("{date} is no business day ({}); choose another", closed.why()));
        }
        Ok(Simulation { date, calendar })
    }

    /// A clock that stands at 06:55 of the day until it is started.
    pub fn clock(&self, speed: u32) -> MarketClock {
        MarketClock::held(self.calendar.at(self.date, time(6, 55, 0, 0)), speed)
    }

    /// Trades the day: sends the plan to the public API, each entry at its time by the market's
    /// clock, which is started once every participant has a key.
    ///
    /// # Errors
    /// When the platform refuses to go on.
    pub async fn trade(
        &self,
        platform: &Platform,
        endpoint: Endpoint,
        shares: &[universe::Share],
        entries: Vec<plan::Entry>,
    ) -> Result<Counts> {
        let keys = requests::keys(&platform.keys).await?;
        platform.clock.start();
        let day = play::Day {
            clock: platform.clock,
            endpoint,
            keys,
            symbols: shares.iter().map(|share| share.code.clone()).collect(),
            entries,
            midnight: self.calendar.at(self.date, time(0, 0, 0, 0)),
            day: number(self.date),
        };
        day.play().await.context("the simulated day stopped")
    }

    /// Resolves once the day's evening roll is complete.
    pub async fn rolled(&self, platform: &Platform) {
        loop {
            let position = platform.pulse.position(Profile::Tse);
            if position.day > number(self.date) && !position.rolling {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
