//! Forecasts, on hand-made and on generated histories.

use std::sync::Arc;

use chrono::Datelike as _;
use parsers::stamp::{Accuracy, Stamp, ZoneMark};
use parsers::usage::{UsageKind, UsageRow, UsageTable};

use super::*;
use crate::testing::{SplitMix64, at_min, purchase, usage};

/// Minutes between two samples of the generator.
const SAMPLE_MIN: usize = 30;
const SAMPLES_A_DAY: usize = 24 * 60 / SAMPLE_MIN;

impl SplitMix64 {
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }

    fn noise(&mut self, shape: u64) -> f64 {
        match shape {
            0 => self.normal(),
            // Laplace.
            1 => -(1.0 - self.share()).ln() * if self.below(2) == 0 { 0.7 } else { -0.7 },
            // Student's t with four degrees of freedom.
            2 => {
                let chi: f64 = (0..4).map(|_| self.normal().powi(2)).sum();
                self.normal() / (chi / 4.0).sqrt() / std::f64::consts::SQRT_2
            }
            // Even between two bounds.
            3 => self.between(-1.7, 1.7),
            // Skewed: few high days.
            _ => -(1.0 - self.share()).ln() - 1.0,
        }
    }
}

/// A call centre, day by day, and its future.
struct Generated {
    usage: Usage,
    purchased: u32,
    days: usize,
    /// Samples behind the history.
    future: Vec<(Instant, u32)>,
}

fn generate(seed: u64) -> Generated {
    let mut random = SplitMix64(seed.wrapping_mul(7_919) + 13);
    let days = 35 + random.below(190) as usize;
    let horizon = HORIZON_DAYS.min(4 * days);
    let all = days + horizon;
    let base = random.between(25.0, 400.0);
    // Part of the base that use grows by in a week; linear, compound or slowing.
    let growth = random.between(0.002, 0.03);
    let form = random.below(3);
    let weekend = [0.0, 0.15, 0.4, 1.0][random.below(4) as usize];
    let shape = random.below(5);
    let (day_noise, sample_noise) = (random.between(0.01, 0.06), random.between(0.0, 0.03));
    let carried = if random.below(3) == 0 { random.between(0.3, 0.8) } else { 0.0 };
    let weekdays: Vec<f64> = (0..5).map(|_| random.between(0.9, 1.0)).collect();
    let peak_hour = random.between(9.5, 16.0);
    let shift =
        (random.below(8) == 0).then(|| (random.below(all as u64) as usize, random.between(-0.1, 0.1)));
    let mut slow = 0.0;
    let mut level_of_day: Vec<f64> = Vec::with_capacity(all);
    let mut samples: Vec<u32> = Vec::with_capacity(all * SAMPLES_A_DAY);
    for day in 0..all {
        let weeks = day as f64 / 7.0;
        let trend = match form {
            0 => 1.0 + growth * weeks,
            1 => (1.0 + growth * 0.7).powf(weeks),
            _ => 1.0 + growth * weeks - 0.1 * growth * (weeks * weeks) / (all as f64 / 7.0),
        };
        let shifted = shift.filter(|(from, _)| day >= *from).map_or(1.0, |(_, by)| 1.0 + by);
        let usual = base * trend * shifted * if day % 7 >= 5 { weekend } else { weekdays[day % 7] };
        slow = carried * slow + random.noise(shape) * day_noise;
        let wild = match random.below(150) {
            0 => random.between(1.05, 1.3),
            1 | 2 => random.between(0.2, 0.7),
            _ => 1.0,
        };
        level_of_day.push(base * trend * shifted);
        let today = usual * (1.0 + slow) * wild;
        for sample in 0..SAMPLES_A_DAY {
            let hour = sample as f64 * SAMPLE_MIN as f64 / 60.0;
            let hump = (-((hour - peak_hour) / 3.5).powi(2)).exp()
                + 0.5 * (-((hour - peak_hour - 4.0) / 2.0).powi(2)).exp();
            let use_now = today * (0.05 + 0.95 * hump) * (1.0 + random.noise(shape) * sample_noise);
            samples.push(use_now.max(0.0).round() as u32);
        }
    }
    let instant = |sample: usize| at_min((sample * SAMPLE_MIN) as i64);
    let known = days * SAMPLES_A_DAY - random.below(SAMPLES_A_DAY as u64) as usize;
    let peak = |from: usize, to: usize| samples[from..to].iter().copied().max().unwrap_or(0);
    // What holds somewhat longer than the newest week shows.
    let headroom = random.between(1.0, 1.0 + (growth * 16.0).min(0.3));
    let purchased = (f64::from(peak(known - 7 * SAMPLES_A_DAY, known)) * headroom).ceil() as u32;
    let at = (0..known).map(instant).collect();
    let series = [("PREMIUM", samples[..known].to_vec())];
    let usage = usage(at, &series, vec![purchase("PREMIUM", purchased, None)]);
    let future = (known..samples.len()).map(|sample| (instant(sample), samples[sample])).collect();
    Generated { usage, purchased, days, future }
}

fn only(usage: &Usage) -> Forecast {
    let mut forecasts = forecasts(usage, *usage.at.last().unwrap()).unwrap();
    assert_eq!(forecasts.len(), 1);
    forecasts.remove(0)
}

/// `FORECASTS` sets another number of histories.
#[test]
fn the_interval_covers_the_true_crossing_as_often_as_it_says() {
    let histories = std::env::var("FORECASTS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let (mut asked, mut covered, mut early, mut late, mut unasked) = (0, 0, 0, 0, 0);
    let (mut tested, mut within) = (0, 0);
    let mut widths: Vec<f64> = Vec::new();
    for seed in 0..histories {
        let history = generate(seed);
        let forecast = only(&history.usage);
        let (low, high, horizon) = match forecast.outlook {
            Outlook::Crosses { earliest, latest, expected, horizon, .. } => {
                assert!(earliest <= expected || expected.is_none());
                assert!(expected <= latest || latest.is_none());
                widths.extend(earliest.zip(latest).map(|(low, high)| (high - low).num_hours() as f64 / 24.0));
                (earliest.unwrap(), latest, horizon)
            }
            Outlook::NotBefore { horizon, .. } => (horizon, None, horizon),
            Outlook::NotEnough { .. } | Outlook::Already { .. } => {
                unasked += 1;
                continue;
            }
        };
        assert!(history.days >= NEEDED_DAYS as usize);
        let crossing = history.future.iter().find(|(_, count)| *count > history.purchased);
        let crossing = crossing.map(|(at, _)| *at).filter(|at| *at < horizon);
        asked += 1;
        match crossing {
            Some(at) if at < low => early += 1,
            Some(at) if high.is_some_and(|high| at > high) => late += 1,
            None if high.is_some() => late += 1,
            _ => covered += 1,
        }
        if let Some(backtest) = forecast.backtest {
            tested += backtest.days;
            within += backtest.within;
        }
    }
    let share = f64::from(covered) / f64::from(asked);
    let width = model::median(&mut widths).unwrap();
    println!(
        "{asked} asked, {unasked} not; covered {covered} = {:.1} %, earlier {early}, later {late}; \
         median width {width:.0} days; back-test {:.1} % of {tested} days",
        share * 100.0,
        f64::from(within) / f64::from(tested) * 100.0,
    );
    assert!((0.75..=0.90).contains(&share), "{share}");
}

/// A week of working days at `level` of the day's number, a sample an hour.
fn steady(days: usize, level: impl Fn(usize) -> f64) -> Usage {
    let at = (0..days * 24).map(|hour| at_min(hour as i64 * 60)).collect();
    let counts = (0..days * 24).map(|hour| {
        let (day, hour) = (hour / 24, hour % 24);
        let share = if day % 7 >= 5 { 0.1 } else { 1.0 } * if (9..17).contains(&hour) { 1.0 } else { 0.2 };
        (level(day) * share).round() as u32
    });
    usage(at, &[("PREMIUM", counts.collect())], vec![purchase("PREMIUM", 100, None)])
}

fn growing(day: usize) -> f64 {
    60.0 + day as f64 / 7.0
}

fn per_week(usage: &Usage) -> f64 {
    match only(usage).outlook {
        Outlook::Crosses { per_week, .. } | Outlook::NotBefore { per_week, .. } => per_week,
        other => panic!("{other:?}"),
    }
}

#[test]
fn less_than_four_weeks_say_nothing() {
    let forecast = only(&steady(27, growing));
    assert_eq!(forecast.outlook, Outlook::NotEnough { needed_days: 28 });
    assert_eq!((forecast.backtest, forecast.purchased), (None, 100));
    assert_ne!(only(&steady(28, growing)).outlook, Outlook::NotEnough { needed_days: 28 });
}

#[test]
fn use_above_the_purchase_in_the_newest_week_is_no_forecast() {
    let over = steady(40, |day| if day == 36 || day == 37 { 120.0 } else { 70.0 });
    assert_eq!(only(&over).outlook, Outlook::Already { since: at_min((36 * 24 + 9) * 60) });
    let before = steady(40, |day| if day == 30 { 120.0 } else { 70.0 });
    assert!(!matches!(only(&before).outlook, Outlook::Already { .. }));
}

#[test]
fn steady_growth_crosses_when_it_must() {
    let forecast = only(&steady(70, growing));
    let Outlook::Crosses { earliest, expected, latest, per_week, .. } = forecast.outlook else {
        panic!("{forecast:?}")
    };
    // 60 + day / 7 rounds to 101 from day 284 on.
    let day = |at: Option<Instant>| (at.unwrap() - at_min(0)).num_days();
    assert!((0.95..1.05).contains(&per_week), "{per_week}");
    assert!((270..=300).contains(&day(expected)), "{forecast:?}");
    assert!(earliest <= expected && expected <= latest);
    assert_eq!(forecast.days, 70);
}

#[test]
fn flat_use_crosses_nothing_up_to_the_horizon() {
    let usage = steady(60, |_| 60.0);
    let Outlook::NotBefore { per_week, horizon } = only(&usage).outlook else { panic!() };
    assert_eq!(per_week, 0.0);
    assert!(horizon > at_min(240 * 24 * 60) && horizon < at_min(310 * 24 * 60));
    let idle = steady(60, |_| 0.0);
    assert!(matches!(only(&idle).outlook, Outlook::NotBefore { .. }));
}

#[test]
fn holidays_and_wild_days_do_not_move_the_trend() {
    let usual = per_week(&steady(98, growing));
    let holidays = per_week(&steady(98, |day| match day {
        70..=76 => 3.0,
        20 | 51 => 0.0,
        _ => growing(day),
    }));
    let wild = per_week(&steady(98, |day| if day % 30 == 10 { 95.0 } else { growing(day) }));
    assert!((usual - holidays).abs() < 0.1, "{usual} {holidays}");
    assert!((usual - wild).abs() < 0.1, "{usual} {wild}");
}

#[test]
fn a_forecast_is_the_same_every_time() {
    let usage = generate(3).usage;
    assert_eq!(only(&usage), only(&usage));
}

#[test]
fn days_are_those_of_the_data() {
    let mut usage = steady(30, growing);
    assert_eq!(offset(&usage), TimeDelta::zero());
    let ahead = TimeDelta::minutes(330);
    let local = (usage.at[0] + ahead).naive_utc();
    let stamp = Stamp {
        year: Some(local.year()),
        month: local.month(),
        day: local.day(),
        time: local.time(),
        zone: ZoneMark::None,
        accuracy: Accuracy::Unmarked,
    };
    let row = UsageRow { offset: 0, length: 1, line: 1, stamp };
    let text: Arc<[u8]> = Arc::from(b"x".as_slice());
    let table = UsageTable { kind: UsageKind::Csv, text, base: 0, rows: vec![row], columns: Vec::new() };
    usage.tables = vec![(0, Arc::new(table))];
    usage.rows[0] = Cite::Row { table: 0, row: 0 };
    assert_eq!(offset(&usage), ahead);
}
