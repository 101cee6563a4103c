//! The commands of one group: those of this program, those on record in the group's log, and which of them a leader
//! accepts.
//!
//! The log records the commands that may be in it. A leader accepts a command once it is on record, so no member finds
//! a command in its log that its program does not know, unless that was replaced by an older one. A leader puts a
//! command on record when every voter has announced that it has it. The first record of a group needs only a majority,
//! as everything that is new: it has the commands that none of them lacks.
//!
//! A program that contradicts the record must not read the log: it would take entries for something else.

use super::announcements::{Announcements, KnownCommands};
use super::open_resource::OpenResource;
use crate::codec::command::Call;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, MethodId, Term};
use crate::codec::shape::record::{Conflict, SchemaRecord};
use crate::codec::shape::schema::Schema;
use crate::codec::terms::LogId;
use crate::request::error::{NamedMembers, RequestError};
use crate::storage::{Journal, StorageError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The commands of one group. See the [module](self).
#[derive(Debug)]
pub(super) struct GroupSchema {
    group: GroupId,
    /// The resource, if it is open here.
    own: Option<Arc<OpenResource>>,
    /// The newest record that is committed, and all that are not; ascending.
    logged: Vec<Logged>,
    /// The newest record that is committed.
    committed: Option<LogId>,
    /// Whether this program contradicts the record of this group, or of another group of the resource.
    conflicts: bool,
    /// What `accepted` was derived from.
    derived_from: Option<(Term, Option<LogId>, u64)>,
    /// For each command of this program whether a leader accepts it, in their order.
    accepted: Vec<Result<(), RequestError>>,
}

/// A record in the log.
#[derive(Debug)]
struct Logged {
    id: LogId,
    /// `None` if it cannot be read.
    record: Option<Arc<SchemaRecord>>,
    /// How this program contradicts it.
    conflict: Option<Arc<Conflict>>,
}

/// A record was committed.
#[derive(Debug)]
pub(super) struct NewRecord {
    /// How this program contradicts it.
    pub conflict: Option<Arc<Conflict>>,
}

/// The other voters of a group, as they have announced themselves.
struct Voters<'a> {
    /// Each with what it has of the commands of this program.
    others: Vec<(MemberId, Option<&'a KnownCommands>)>,
}

impl GroupSchema {
    pub(super) fn new(group: GroupId) -> GroupSchema {
        GroupSchema {
            group,
            own: None,
            logged: Vec::new(),
            committed: None,
            conflicts: false,
            derived_from: None,
            accepted: Vec::new(),
        }
    }

    /// Returns whether the resource is open here.
    pub(super) fn is_attached(&self) -> bool {
        self.own.is_some()
    }

    /// Returns the resource, if it is open here.
    pub(super) fn resource(&self) -> Option<&Arc<OpenResource>> {
        self.own.as_ref()
    }

    /// Sets the resource, which is open here from now on. It must not have been.
    pub(super) fn attach(&mut self, own: Arc<OpenResource>) {
        assert!(!self.is_attached(), "a group has one machine");
        *self = GroupSchema { own: Some(own), ..GroupSchema::new(self.group) };
    }

    /// Forgets the resource, because it is not open here any more.
    pub(super) fn detach(&mut self) {
        *self = GroupSchema::new(self.group);
    }

    /// Reads the records that the log has got since the last call, and compares them with this program's commands.
    /// Returns what was found if another record is the newest committed one than before.
    pub(super) fn update(
        &mut self,
        commit: Index,
        journal: &Journal,
    ) -> Result<Option<NewRecord>, StorageError> {
        let Some(own) = &self.own else { return Ok(None) };
        let ids = journal.schemas(self.group);
        if ids.last() != self.logged.last().map(|logged| &logged.id) {
            let first = ids.partition_point(|id| id.index <= commit).saturating_sub(1);
            let mut before = std::mem::take(&mut self.logged);
            for id in &ids[first..] {
                let kept = before.iter().position(|logged| logged.id == *id);
                let logged = match kept {
                    Some(at) => before.swap_remove(at),
                    None => Logged::read(self.group, *id, own, journal)?,
                };
                self.logged.push(logged);
            }
        }
        assert!(self.logged.is_sorted_by(|one, next| one.id.index < next.id.index), "records ascend");
        let committed = self.logged.iter().rev().find(|logged| logged.id.index <= commit);
        let id = committed.map(|logged| logged.id);
        assert!(self.committed <= id, "{:?} was committed, and is not in the log: {id:?}", self.committed);
        if id == self.committed {
            return Ok(None);
        }
        self.committed = id;
        let conflict = committed.and_then(|logged| logged.conflict.clone());
        self.conflicts |= conflict.is_some();
        Ok(Some(NewRecord { conflict }))
    }

    /// Records that this program contradicts the record of another group of the resource.
    pub(super) fn conflict_elsewhere(&mut self) {
        assert!(self.is_attached(), "a program that has not opened the resource contradicts nothing");
        self.conflicts = true;
    }

    /// Returns whether this program contradicts what is on record.
    pub(super) fn conflicts(&self) -> bool {
        self.conflicts
    }

    /// Returns whether requests may be sent to the leader: what is on record for certain agrees with their encoding.
    pub(super) fn may_forward(&self) -> bool {
        self.committed.is_some() && !self.conflicts
    }

    /// Returns whether a leader may propose: the newest record of its log agrees with how its program reads entries.
    pub(super) fn may_propose(&self) -> bool {
        self.logged.last().is_some_and(|logged| logged.conflict.is_none()) && !self.conflicts
    }

    /// Returns whether the commands on record are those of this program.
    pub(super) fn is_same(&self) -> bool {
        let (Some(own), Some(record)) = (&self.own, self.record()) else { return false };
        let ids = |schema: &Schema| schema.methods.iter().map(|method| method.id).collect::<BTreeSet<_>>();
        ids(&record.schema) == ids(own.checks.schema())
    }

    /// Returns the newest committed record.
    pub(super) fn record(&self) -> Option<&Arc<SchemaRecord>> {
        let committed = self.logged.iter().find(|logged| Some(logged.id) == self.committed);
        committed.and_then(|logged| logged.record.as_ref())
    }

    /// Checks a request that this member serves by itself.
    pub(super) fn check(&self, call: &Call) -> Result<usize, RequestError> {
        self.own.as_ref().ok_or(RequestError::UnknownResource)?.checks.check(call)
    }

    /// Checks a request that the leader is to take. [`derive`](Self::derive) comes before.
    pub(super) fn check_as_leader(&self, call: &Call) -> Result<(), RequestError> {
        let at = self.check(call)?;
        assert!(at < self.accepted.len(), "a leader has derived what it accepts");
        self.accepted[at]
    }

    /// Derives which commands are accepted by the leader of `term`, if that may have changed. Returns the record that is
    /// to be proposed, if there is one.
    pub(super) fn derive(
        &mut self,
        term: Term,
        me: MemberId,
        voters: &[MemberId],
        announcements: &Announcements,
    ) -> Option<SchemaRecord> {
        let newest = self.logged.last();
        let from = (term, newest.map(|logged| logged.id), announcements.version());
        if self.derived_from == Some(from) {
            return None;
        }
        self.derived_from = Some(from);
        let own = self.own.as_ref().expect("a leader has opened the resource");
        let schema = own.checks.schema();
        let others = voters.iter().filter(|voter| **voter != me);
        let others = others.map(|voter| (*voter, announcements.of(*voter, &own.name))).collect();
        let (voters, recorded) = (Voters { others }, newest.and_then(|logged| logged.record.as_ref()));
        let is_first = newest.is_none();
        assert!(!(is_first && recorded.is_some()), "what is on record is in the log");
        let new: BTreeSet<MethodId> = schema
            .methods
            .iter()
            .map(|method| MethodId(method.id))
            .filter(|id| recorded.is_none_or(|record| record.schema.method(*id).is_none()))
            .filter(|id| {
                if is_first {
                    voters.lacking(*id).next().is_none()
                } else {
                    voters.without(*id).next().is_none()
                }
            })
            .collect();
        let is_due = if is_first { voters.are_majority() } else { recorded.is_some() && !new.is_empty() };
        let accept = |id: MethodId| {
            let on_record = recorded.is_some_and(|record| record.schema.method(id).is_some());
            let lacking = match on_record || new.contains(&id) {
                true => NamedMembers::new(voters.lacking(id)),
                false => NamedMembers::new(voters.without(id)),
            };
            if lacking == NamedMembers::default() {
                Ok(())
            } else {
                Err(RequestError::UnknownToMembers(lacking))
            }
        };
        self.accepted = schema.methods.iter().map(|method| accept(MethodId(method.id))).collect();
        let partition = own.groups.iter().position(|group| *group == self.group);
        let partition = partition.expect("the group is one of the resource's") as u32;
        is_due.then(|| SchemaRecord {
            resource: own.name.clone(),
            partition,
            partitions: own.groups.len() as u32,
            schema: match recorded {
                Some(record) => record.schema.extended(schema, &new),
                None => Schema { name: schema.name.clone(), ..Schema::default() }.extended(schema, &new),
            },
        })
    }

    /// Lets the next [`derive`](Self::derive) return the record again, because it could not be proposed.
    pub(super) fn not_proposed(&mut self) {
        self.derived_from = None;
    }
}

impl Logged {
    /// Reads a record from the log.
    fn read(
        group: GroupId,
        id: LogId,
        own: &OpenResource,
        journal: &Journal,
    ) -> Result<Logged, StorageError> {
        let slices = journal.read(group, id.index, id.index, usize::MAX)?;
        let chunk = slices.frames.first().expect("the entry is in the log");
        let frame = Frame::all_trusted(chunk).next().expect("a frame").expect("the log verified it");
        assert_eq!(frame.header.index, id.index, "the entry is the one that was asked for");
        assert_eq!(frame.header.kind, Kind::Schema, "the journal knows which entries record a schema");
        let (record, conflict) = match SchemaRecord::decode(frame.body) {
            Ok(record) => {
                let conflict = record.conflict(&own.name, own.groups.len() as u32, own.checks.schema());
                (Some(Arc::new(record)), conflict)
            }
            Err(error) => (None, Some(Conflict::Unreadable(error.to_string()))),
        };
        Ok(Logged { id, record, conflict: conflict.map(Arc::new) })
    }
}

impl Voters<'_> {
    /// Returns the voters that have not announced the command, or not as this program has it.
    fn without(&self, method: MethodId) -> impl Iterator<Item = MemberId> + '_ {
        let without =
            self.others.iter().filter(move |(_, known)| known.is_none_or(|known| !known.has_alike(method)));
        without.map(|(voter, _)| *voter)
    }

    /// Returns the voters that have announced that they do not have the command.
    fn lacking(&self, method: MethodId) -> impl Iterator<Item = MemberId> + '_ {
        let lacking =
            self.others.iter().filter(move |(_, known)| known.is_some_and(|known| known.lacks(method)));
        lacking.map(|(voter, _)| *voter)
    }

    /// Returns whether this member and those that agree with it are a majority.
    fn are_majority(&self) -> bool {
        let agreeing = self.others.iter().filter(|(_, known)| known.is_some_and(KnownCommands::agrees));
        2 * (1 + agreeing.count()) > self.others.len() + 1
    }
}
