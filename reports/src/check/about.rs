//! What a check is about, whatever the input: what its failure does, what to do, what decides it, what is disputed.

/// What a reader may want to know of a check beside its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What happens to the license state if the check fails, as a sentence.
    pub effect: &'static str,
    /// What to do in general, as a sentence; a failed check names the step for the system at hand.
    pub remedy: &'static str,
    /// A line or an output that decides it, with made-up names. Where the wording of UCCX is not published, it is that
    /// of Java or of a sister product.
    pub example: &'static str,
    /// What Cisco's documents contradict each other about; empty where nothing of the kind is known.
    pub disputed: &'static [Dispute],
}

/// Two documents of Cisco that say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// What they are about, as a noun.
    pub about: &'static str,
    /// Both readings.
    pub says: [Published; 2],
}

impl Dispute {
    /// Both readings with their sources, as a part of a sentence.
    pub(crate) fn told(&self) -> String {
        let [a, b] = &self.says;
        format!(
            "Cisco publishes two readings of {}: {} ({}), or {} ({})",
            self.about, a.says, a.source, b.says, b.source
        )
    }
}

/// A reading and where it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// What the document says, as a part of a sentence.
    pub says: &'static str,
    /// The document and its section.
    pub source: &'static str,
}
