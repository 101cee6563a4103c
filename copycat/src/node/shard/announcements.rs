//! What the other members have announced of the commands that their programs have.

use super::super::wire::Announcement;
use super::open_resource::OpenResource;
use crate::codec::ids::{MemberId, MethodId};
use crate::codec::shape::schema::{Difference, Schema, SchemaError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most bytes of announcements that are kept of one member. One that announces more is not heard, and what it does not
/// say is not known of it.
const BYTES_MAX: usize = 64 << 20;

/// The time after which an announcement counts no more, unless it was repeated. A member repeats it much more often,
/// as long as it has something to say.
const LIFETIME: Duration = Duration::from_secs(5);
/// The pause between two searches for announcements that count no more.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// The newest announcement of each member for each resource. A member is forgotten when its connection ends, because it
/// may come back as another program. What it had sent before may still arrive after that; then it expires.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    heard: BTreeMap<String, BTreeMap<MemberId, Heard>>,
    /// Grows with each change.
    version: u64,
    next_expiry: Duration,
}

/// An announcement, and what it means for the same resource on this member.
#[derive(Debug)]
struct Heard {
    /// When it was heard last.
    at: Duration,
    announcement: Announcement,
    schema: Schema,
    /// `None` while the resource is not open here.
    known: Option<KnownCommands>,
}

/// What another member's program has of the commands of this one.
#[derive(Debug)]
pub(super) struct KnownCommands {
    /// The commands that it has.
    present: BTreeSet<MethodId>,
    /// Those of them that are alike in everything that is encoded.
    alike: BTreeSet<MethodId>,
    /// Whether nothing contradicts: neither the shape of a command, nor the number of partitions.
    agrees: bool,
}

impl KnownCommands {
    fn new(heard: (&Announcement, &Schema), own: &OpenResource) -> KnownCommands {
        let (announcement, schema) = heard;
        let ours = own.checks.schema();
        let contradicts = ours.differences(schema).iter().any(Difference::is_contradiction);
        let same_partitions = announcement.partitions as usize == own.groups.len();
        let present = schema.methods.iter().map(|method| MethodId(method.id)).collect();
        KnownCommands { present, alike: ours.shared_with(schema), agrees: same_partitions && !contradicts }
    }

    /// Returns whether the member has the command, alike.
    pub(super) fn has_alike(&self, method: MethodId) -> bool {
        self.alike.contains(&method)
    }

    /// Returns whether the member could take part, but does not have the command.
    pub(super) fn lacks(&self, method: MethodId) -> bool {
        self.agrees && !self.present.contains(&method)
    }

    /// Returns whether nothing that the member has contradicts this program.
    pub(super) fn agrees(&self) -> bool {
        self.agrees
    }
}

impl Announcements {
    /// Returns a number that grows with each change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Takes an announcement. `own` is the same resource on this member, if it is open. Returns whether something
    /// changed. An announcement without a schema takes an earlier one back.
    pub(super) fn take(
        &mut self,
        now: Duration,
        from: MemberId,
        announcement: Announcement,
        own: Option<&OpenResource>,
    ) -> Result<bool, SchemaError> {
        let of_resource = self.heard.get_mut(&announcement.resource);
        if announcement.schema.is_empty() {
            let removed = of_resource.is_some_and(|of_resource| of_resource.remove(&from).is_some());
            self.version += u64::from(removed);
            return Ok(removed);
        }
        let earlier = of_resource.and_then(|of_resource| of_resource.get_mut(&from));
        if let Some(same) = earlier.filter(|earlier| earlier.announcement == announcement) {
            same.at = now;
            return Ok(false);
        }
        let kept: usize =
            self.heard.values().filter_map(|of_resource| of_resource.get(&from)).map(Heard::len).sum();
        if kept + announcement.schema.len() > BYTES_MAX {
            return Err(SchemaError::TooLarge(kept + announcement.schema.len()));
        }
        assert!(
            !announcement.schema.is_empty(),
            "an announcement without a schema takes an earlier one back"
        );
        let schema = Schema::decode(&announcement.schema)?;
        let known = own.map(|own| KnownCommands::new((&announcement, &schema), own));
        let name = announcement.resource.clone();
        self.heard.entry(name).or_default().insert(from, Heard { at: now, announcement, schema, known });
        self.version += 1;
        Ok(true)
    }

    /// Compares what was announced for a resource with the program's own commands, because it was opened here.
    pub(super) fn compare(&mut self, own: &OpenResource) {
        for heard in self.heard.get_mut(&own.name).into_iter().flat_map(BTreeMap::values_mut) {
            heard.known = Some(KnownCommands::new((&heard.announcement, &heard.schema), own));
        }
        self.version += 1;
    }

    /// Forgets what a member has announced.
    pub(super) fn forget(&mut self, member: MemberId) {
        self.retain(|from, _| from != member);
    }

    /// Returns the time at which [`expire`](Self::expire) has work.
    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.heard.is_empty()).then_some(self.next_expiry)
    }

    /// Forgets what was not repeated.
    pub(super) fn expire(&mut self, now: Duration) {
        if !self.heard.is_empty() && now >= self.next_expiry {
            self.next_expiry = now + EXPIRY_INTERVAL;
            self.retain(|_, heard| now < heard.at + LIFETIME);
        }
    }

    fn retain(&mut self, keep: impl Fn(MemberId, &Heard) -> bool) {
        let count = |heard: &BTreeMap<_, BTreeMap<_, _>>| heard.values().map(BTreeMap::len).sum::<usize>();
        let before = count(&self.heard);
        self.heard.retain(|_, of_resource| {
            of_resource.retain(|from, heard| keep(*from, heard));
            !of_resource.is_empty()
        });
        self.version += u64::from(count(&self.heard) < before);
    }

    /// Returns what a member has of the commands that this program has for a resource; `None` if it has announced
    /// nothing.
    pub(super) fn of(&self, member: MemberId, resource: &str) -> Option<&KnownCommands> {
        self.heard.get(resource)?.get(&member)?.known.as_ref()
    }
}

impl Heard {
    fn len(&self) -> usize {
        self.announcement.schema.len() + self.announcement.resource.len()
    }
}
