//! What the other members have announced of the commands that their programs have.

use super::super::wire::Announcement;
use super::open_resource::OpenResource;
use crate::codec::ids::{MemberId, MethodId};
use crate::codec::shape::record::Conflict;
use crate::codec::shape::schema::{Schema, SchemaError};
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

/// The newest announcement of each member for each resource. A member that comes back as another program announces
/// itself anew, or has nothing to say; then what it had announced before expires.
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
    /// The commands that both have, alike in everything that is encoded.
    alike: BTreeSet<MethodId>,
    /// How the programs contradict each other: in the shape of a command, or in the number of partitions.
    conflict: Option<Conflict>,
}

impl KnownCommands {
    fn new((announcement, schema): (&Announcement, &Schema), own: &OpenResource) -> KnownCommands {
        let ours = own.checks.schema();
        let partitions = own.groups.len() as u32;
        let conflict = match announcement.partitions == partitions {
            true => Conflict::between(schema, ours),
            false => Some(Conflict::Partitions { recorded: announcement.partitions, opened: partitions }),
        };
        KnownCommands { alike: ours.shared_with(schema), conflict }
    }

    /// Returns whether the member has the command, alike.
    pub(super) fn has_alike(&self, method: MethodId) -> bool {
        self.alike.contains(&method)
    }

    /// Returns how the member's program contradicts this one.
    pub(super) fn conflict(&self) -> Option<&Conflict> {
        self.conflict.as_ref()
    }
}

/// What a member has announced for a resource that is open here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced<'a> {
    /// The number of partitions.
    pub partitions: u32,
    /// The commands.
    pub schema: &'a Schema,
    /// What it has of the commands of this program.
    pub known: &'a KnownCommands,
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
        // Whatever was announced before no longer holds, even if this cannot be read.
        if let Some(of_resource) = self.heard.get_mut(&announcement.resource) {
            of_resource.remove(&from);
        }
        self.version += 1;
        let kept: usize =
            self.heard.values().filter_map(|of_resource| of_resource.get(&from)).map(Heard::len).sum();
        if kept + announcement.schema.len() > BYTES_MAX {
            return Err(SchemaError::TooLarge(kept + announcement.schema.len()));
        }
        let schema = Schema::decode(&announcement.schema)?;
        let known = own.map(|own| KnownCommands::new((&announcement, &schema), own));
        let name = announcement.resource.clone();
        self.heard.entry(name).or_default().insert(from, Heard { at: now, announcement, schema, known });
        Ok(true)
    }

    /// Compares what was announced for a resource with the program's own commands, because it was opened here.
    pub(super) fn compare(&mut self, own: &OpenResource) {
        for heard in self.heard.get_mut(&own.name).into_iter().flat_map(BTreeMap::values_mut) {
            heard.known = Some(KnownCommands::new((&heard.announcement, &heard.schema), own));
        }
        self.version += 1;
    }

    /// Returns the time at which [`expire`](Self::expire) has work.
    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.heard.is_empty()).then_some(self.next_expiry)
    }

    /// Forgets what was not repeated.
    pub(super) fn expire(&mut self, now: Duration) {
        if !self.heard.is_empty() && now >= self.next_expiry {
            self.next_expiry = now + EXPIRY_INTERVAL;
            self.heard.retain(|_, of_resource| {
                let expired = of_resource.extract_if(.., |_, heard| now >= heard.at + LIFETIME);
                self.version += expired.count() as u64;
                !of_resource.is_empty()
            });
        }
    }

    /// Returns what a member has announced for a resource that is open here; `None` if nothing.
    pub(super) fn of(&self, member: MemberId, resource: &str) -> Option<Announced<'_>> {
        let Heard { announcement, schema, known, .. } = self.heard.get(resource)?.get(&member)?;
        Some(Announced { partitions: announcement.partitions, schema, known: known.as_ref()? })
    }
}

impl Heard {
    fn len(&self) -> usize {
        self.announcement.schema.len() + self.announcement.resource.len()
    }
}
