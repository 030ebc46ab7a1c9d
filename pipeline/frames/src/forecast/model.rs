//! The model of daily peaks: a level for each week, a share of it for each day of the week.

/// Days of a week.
pub(super) const WEEK: usize = 7;

/// Shares from this part of the highest on belong to busy days, which tell the level of their week.
const BUSY: f64 = 0.5;

/// Days with a peak that a week needs to have a level.
const DAYS_OF_LEVEL: usize = 3;

/// Highest correlation of one week's deviation with that of the week before.
const CARRIED_MAX: f64 = 0.95;

/// Levels, shares and deviations of a history.
pub(super) struct Model {
    /// Weeks of history.
    weeks: usize,
    /// Level at week 0, and its growth in a week.
    line: Line,
    /// Share of the level, by place in the week.
    shares: [f64; WEEK],
    /// Part of a week's deviation that the next week inherits.
    carried: f64,
    /// Degrees of freedom that the deviations have left: how well their size is known.
    freedom: usize,
    /// The last week's deviation from the line.
    last_deviation: f64,
    /// What is new in each week's deviation.
    surprises: Vec<f64>,
    /// Deviations of days from their share, in parts of the level, by place in the week.
    deviations: [Vec<f64>; WEEK],
}

#[derive(Clone, Copy)]
struct Line {
    level: f64,
    slope: f64,
}

impl Line {
    fn at(self, week: f64) -> f64 {
        self.level + self.slope * week
    }
}

impl Model {
    /// Fits peaks of whole weeks, oldest first; `None` where fewer than four weeks have a level.
    pub(super) fn fit(peaks: &[Option<f64>]) -> Option<Self> {
        let weeks: Vec<&[Option<f64>]> = peaks.chunks_exact(WEEK).collect();
        // The upper quartile is a working day's peak, and neither a weekend's nor a wild day's.
        let rough: Vec<Option<f64>> = weeks.iter().map(|week| upper_quartile(week)).collect();
        let shares = shares(&weeks, &rough);
        let levels: Vec<Option<f64>> = weeks.iter().map(|week| level(week, &shares)).collect();
        let shares = self::shares(&weeks, &levels);
        let points: Vec<(f64, f64)> =
            levels.iter().enumerate().filter_map(|(week, level)| Some((week as f64, (*level)?))).collect();
        if points.len() < 4 {
            return None;
        }
        let line = theil_sen(&points)?;
        let apart = |week: usize| Some(levels.get(week).copied()?? - line.at(week as f64));
        let pairs: Vec<(f64, f64)> =
            (1..weeks.len()).filter_map(|week| Some((apart(week - 1)?, apart(week)?))).collect();
        let n = points.len() as f64;
        let carried = carried(&pairs, n);
        // A line and what is carried take three degrees of freedom from the deviations about it.
        let freedom = points.len() - 3;
        let mut surprises: Vec<f64> = pairs.iter().map(|(before, after)| after - carried * before).collect();
        centre(&mut surprises);
        let wider = (pairs.len().max(1) as f64 / freedom as f64).sqrt();
        surprises.iter_mut().for_each(|surprise| *surprise *= wider);
        Some(Self {
            weeks: weeks.len(),
            line,
            shares,
            carried,
            freedom,
            last_deviation: (0..weeks.len()).rev().find_map(apart).unwrap_or(0.0),
            surprises,
            deviations: deviations(&weeks, &levels, &shares),
        })
    }

    /// Licenses a week that the peak of the busiest day grows by.
    pub(super) fn peak_per_week(&self) -> f64 {
        self.line.slope * self.shares.iter().copied().fold(0.0, f64::max)
    }

    /// Draws `n` futures of `days` days and shows each: daily peaks, in whole licences.
    pub(super) fn futures(&self, n: usize, days: usize, mut show: impl FnMut(&mut dyn Iterator<Item = f64>)) {
        let mut random = SplitMix64(days as u64);
        let last = self.weeks.saturating_sub(1) as f64;
        for _ in 0..n {
            // How large deviations are is itself seen in few weeks: of as many draws, the size varies as much.
            let size = random.size(self.freedom);
            let error = self.line_error(&mut random, size);
            let line = Line { level: self.line.level - error.level, slope: self.line.slope - error.slope };
            // The last week was seen: its deviation from the line as redrawn is known.
            let mut deviation = self.last_deviation + error.at(last);
            let mut path = (0..days).map(|day| {
                let place = day % WEEK;
                if place == 0 {
                    deviation = self.carried * deviation + random.pick(&self.surprises) * size;
                }
                // A week's level is that of its middle day.
                let week = last + 1.0 + (day as f64 - 3.0) / WEEK as f64;
                let level = (line.at(week) + deviation).max(0.0);
                let share = self.shares.get(place).copied().unwrap_or(0.0);
                let apart = self.deviations.get(place).map_or(0.0, |all| random.pick(all));
                (level * (share + apart)).max(0.0).round()
            });
            show(&mut path);
        }
    }

    /// How far a line through a history such as this one may lie from the truth: one that is fitted to deviations
    /// alone, whose true line is 0.
    fn line_error(&self, random: &mut SplitMix64, size: f64) -> Line {
        // Weeks before the first, so that the first does not begin without a deviation.
        let mut deviation = 0.0;
        for _ in 0..WEEK {
            deviation = self.carried * deviation + random.pick(&self.surprises) * size;
        }
        let n = self.weeks as f64;
        let middle = (n - 1.0) / 2.0;
        let (mut sum, mut moment) = (0.0, 0.0);
        for week in 0..self.weeks {
            deviation = self.carried * deviation + random.pick(&self.surprises) * size;
            sum += deviation;
            moment += deviation * (week as f64 - middle);
        }
        let slope = moment / (n * (n * n - 1.0) / 12.0);
        Line { level: sum / n - slope * middle, slope }
    }
}

/// The share of its week's level that each day of the week usually reaches.
fn shares(weeks: &[&[Option<f64>]], levels: &[Option<f64>]) -> [f64; WEEK] {
    std::array::from_fn(|place| {
        let mut all: Vec<f64> = of_place(weeks, levels, place).map(|(peak, level)| peak / level).collect();
        median(&mut all).unwrap_or(0.0)
    })
}

/// Peaks of one day of the week, each with the level of its week where that is above 0.
fn of_place<'a>(
    weeks: &'a [&[Option<f64>]],
    levels: &'a [Option<f64>],
    place: usize,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    weeks.iter().zip(levels).filter_map(move |(week, level)| {
        Some((week.get(place).copied()??, (*level).filter(|level| *level > 0.0)?))
    })
}

/// The level of a week: the mean of its busy days over their shares, without the highest and the lowest.
fn level(week: &[Option<f64>], shares: &[f64; WEEK]) -> Option<f64> {
    let busy = shares.iter().copied().fold(0.0, f64::max) * BUSY;
    if busy <= 0.0 {
        return week.iter().flatten().next().map(|_| 0.0);
    }
    let mut levels: Vec<f64> = week
        .iter()
        .zip(shares)
        .filter(|(_, share)| **share >= busy)
        .filter_map(|(peak, share)| Some((*peak)? / share))
        .collect();
    levels.sort_unstable_by(f64::total_cmp);
    let cut = usize::from(levels.len() > DAYS_OF_LEVEL);
    let kept = levels.get(cut..levels.len() - cut).filter(|kept| kept.len() >= DAYS_OF_LEVEL - 1)?;
    Some(kept.iter().sum::<f64>() / kept.len() as f64)
}

fn upper_quartile(week: &[Option<f64>]) -> Option<f64> {
    let mut peaks: Vec<f64> = week.iter().flatten().copied().collect();
    peaks.sort_unstable_by(f64::total_cmp);
    peaks.get(peaks.len() * 2 / 3).copied().filter(|_| peaks.len() >= DAYS_OF_LEVEL)
}

/// What days deviate by, widened by the degrees of freedom that levels and shares take.
fn deviations(weeks: &[&[Option<f64>]], levels: &[Option<f64>], shares: &[f64; WEEK]) -> [Vec<f64>; WEEK] {
    let n_levels = levels.iter().flatten().count();
    let n = weeks.iter().zip(levels).filter(|(_, level)| level.is_some()).flat_map(|(week, _)| *week);
    let n = n.flatten().count() as f64;
    let freedom = (n / (n - (n_levels + WEEK) as f64).max(1.0)).sqrt();
    let own: [Vec<f64>; WEEK] = std::array::from_fn(|place| {
        let share = shares.get(place).copied().unwrap_or(0.0);
        of_place(weeks, levels, place).map(|(peak, level)| (peak / level - share) * freedom).collect()
    });
    let busy = shares.iter().copied().fold(0.0, f64::max) * BUSY;
    let shared = |is_busy: bool| -> Vec<f64> {
        let same = own.iter().zip(shares).filter(|(_, share)| (**share >= busy) == is_busy);
        same.flat_map(|(own, _)| own.iter().copied()).collect()
    };
    // The few wild days of a history may come on any day of its kind.
    let (quiet, busy_days) = (shared(false), shared(true));
    std::array::from_fn(|place| {
        let is_busy = shares.get(place).is_some_and(|share| *share >= busy);
        if is_busy { busy_days.clone() } else { quiet.clone() }
    })
}

/// The correlation of a week's deviation with that of the week before it. About a fitted line it is found too low, by
/// (2 + 4 r) / n on average, which is added.
fn carried(pairs: &[(f64, f64)], n: f64) -> f64 {
    let product: f64 = pairs.iter().map(|(before, after)| before * after).sum();
    let square: f64 = pairs.iter().map(|(before, _)| before * before).sum();
    if square <= 0.0 {
        return 0.0;
    }
    let found = product / square;
    (found + (2.0 + 4.0 * found) / n).clamp(0.0, CARRIED_MAX)
}

/// The line whose slope is the median of those between any two points, and whose level is the median of what is left.
fn theil_sen(points: &[(f64, f64)]) -> Option<Line> {
    let mut slopes: Vec<f64> = Vec::with_capacity(points.len() * points.len() / 2);
    for (n, (x, y)) in points.iter().enumerate() {
        slopes.extend(points.iter().take(n).map(|(before, level)| (y - level) / (x - before)));
    }
    let slope = median(&mut slopes)?;
    let mut levels: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    Some(Line { level: median(&mut levels)?, slope })
}

fn centre(values: &mut [f64]) {
    let mean = values.iter().sum::<f64>() / (values.len().max(1)) as f64;
    for value in values {
        *value -= mean;
    }
}

/// The middle value, of an even number the mean of both; `None` of nothing.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| is_even);
    Some(lower.map_or(*upper, |lower| f64::midpoint(lower, *upper)))
}

/// SplitMix64: the same futures in every run.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The true size of deviations of which `freedom` were seen, in parts of the size seen: the inverse root of a
    /// chi-squared number over its degrees of freedom, as in Student's t.
    fn size(&mut self, freedom: usize) -> f64 {
        let sum: f64 = (0..freedom).map(|_| self.normal().powi(2)).sum();
        (freedom as f64 / sum.max(f64::MIN_POSITIVE)).sqrt()
    }

    /// A normal number, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.share().max(f64::MIN_POSITIVE), self.share());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of the values; 0 of none.
    fn pick(&mut self, values: &[f64]) -> f64 {
        let place = ((u128::from(self.next()) * values.len() as u128) >> 64) as usize;
        values.get(place).copied().unwrap_or(0.0)
    }
}
