//! The commands of one group: those of this program, those on record in the group's log, and which of them a leader
//! accepts.
//!
//! The log records the commands that may be in it. A leader accepts a command once it is on record, so no member finds
//! a command in its log that its program does not know, unless that was replaced by an older one. A leader puts a
//! command on record when every voter has announced that it has it. The first record of a group needs only a majority,
//! as everything that is new: it has the commands that none of them lacks.
//!
//! A program that contradicts the record must not read the log: it would take entries for something else.

use super::announcements::{Announced, Announcements};
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
    /// Whether nothing is on record, and so many members contradict this program that it can never be.
    outvoted: bool,
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

/// The other voters of a group, each with what it has announced.
struct Voters<'a>(Vec<(MemberId, Option<Announced<'a>>)>);

impl GroupSchema {
    pub(super) fn new(group: GroupId) -> GroupSchema {
        GroupSchema {
            group,
            own: None,
            logged: Vec::new(),
            committed: None,
            conflicts: false,
            outvoted: false,
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
        // Several may have been committed since the last call.
        let new = |logged: &&Logged| Some(logged.id) > self.committed && Some(logged.id) <= id;
        let conflict = self.logged.iter().filter(new).find_map(|logged| logged.conflict.clone());
        self.committed = id;
        self.conflicts |= conflict.is_some();
        Ok(Some(NewRecord { conflict }))
    }

    /// Does what [`update`](Self::update) does, and says so when this program is found to contradict a record.
    pub(super) fn compare(
        &mut self,
        commit: Index,
        journal: &Journal,
    ) -> Result<Option<NewRecord>, StorageError> {
        let before = self.conflicts;
        let found = self.update(commit, journal)?;
        if let (Some(NewRecord { conflict: Some(conflict) }), Some(own), false) = (&found, &self.own, before)
        {
            tracing::error!(
                resource = own.name, group = %self.group, %conflict,
                "this program contradicts what is on record of the resource: its groups vote and store here, and \
                 serve nothing; start this member with the types that are on record, or open another resource"
            );
        }
        Ok(found)
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

    /// Returns whether this member should not lead: nothing is on record, and what it could put there will never have a
    /// majority.
    pub(super) fn is_outvoted(&self) -> bool {
        self.outvoted && self.logged.is_empty()
    }

    /// Returns whether the log has no record yet.
    pub(super) fn is_unrecorded(&self) -> bool {
        self.is_attached() && self.logged.is_empty()
    }

    /// Returns whether [`derive`](Self::derive) may find something new.
    pub(super) fn may_derive(&self, term: Term, announcements: &Announcements) -> bool {
        self.derived_from != Some(self.sources(term, announcements))
    }

    /// Returns everything that a leader derives from what it accepts.
    fn sources(&self, term: Term, announcements: &Announcements) -> (Term, Option<LogId>, u64) {
        (term, self.logged.last().map(|logged| logged.id), announcements.version())
    }

    /// Finds out whether so many voters contradict this program that it cannot put its commands on record, and says so.
    pub(super) fn count_opponents(
        &mut self,
        me: MemberId,
        voters: &[MemberId],
        announcements: &Announcements,
    ) {
        assert!(self.is_unrecorded(), "what is on record is not voted on");
        let Some(own) = &self.own else { return };
        let Voters(others) = Voters::new(me, voters, &own.name, announcements);
        let conflict = |(voter, announced): &(MemberId, Option<Announced<'_>>)| {
            Some((*voter, (*announced)?.known.conflict()?.to_string()))
        };
        let opponents: Vec<_> = others.iter().filter_map(conflict).collect();
        let before = std::mem::replace(&mut self.outvoted, 2 * opponents.len() >= voters.len());
        if let (Some((member, conflict)), true, false) = (opponents.first(), self.outvoted, before) {
            tracing::warn!(
                resource = own.name, group = %self.group, %member, conflict,
                "most members have opened the resource with other commands or partitions than this one, for example \
                 this member: what they agree on goes on record"
            );
        }
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
    pub(super) fn check_as_leader(&self, me: MemberId, call: &Call) -> Result<(), RequestError> {
        let at = self.check(call).map_err(|error| {
            let record = self.logged.last().and_then(|logged| logged.record.as_ref());
            let method = call.command.method;
            match record.is_some_and(|record| record.schema.method(method).is_some()) {
                true if error == RequestError::UnknownMethod => {
                    RequestError::UnknownToMembers(NamedMembers::new([me]))
                }
                _ => error,
            }
        })?;
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
        if !self.may_derive(term, announcements) || newest.is_some_and(|newest| newest.conflict.is_some()) {
            return None;
        }
        self.derived_from = Some(self.sources(term, announcements));
        let own = self.own.as_ref().expect("a leader has opened the resource");
        let schema = own.checks.schema();
        let voters = Voters::new(me, voters, &own.name, announcements);
        let recorded = newest.and_then(|logged| logged.record.as_ref());
        let is_on_record = |id| recorded.is_some_and(|record| record.schema.method(id).is_some());
        let ids = || schema.methods.iter().map(|method| MethodId(method.id));
        let is_agreed = |id: &MethodId| match recorded {
            Some(_) => voters.without(*id).next().is_none(),
            None => voters.lacking(*id, |announced| announced.known.conflict().is_none()).next().is_none(),
        };
        let new: BTreeSet<MethodId> = ids().filter(|id| !is_on_record(*id)).filter(is_agreed).collect();
        let is_due = if recorded.is_none() { voters.are_majority() } else { !new.is_empty() };
        let accept = |id: MethodId| {
            let takes_part = |announced: Announced<'_>| {
                recorded.is_some_and(|record| {
                    record.conflict(&own.name, announced.partitions, announced.schema).is_none()
                })
            };
            let lacking = match is_on_record(id) {
                true => NamedMembers::new(voters.lacking(id, takes_part)),
                // It is about to be put on record.
                false if new.contains(&id) => return Err(RequestError::Busy),
                false => NamedMembers::new(voters.without(id)),
            };
            if lacking == NamedMembers::default() {
                Ok(())
            } else {
                Err(RequestError::UnknownToMembers(lacking))
            }
        };
        self.accepted = ids().map(accept).collect();
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

    /// Refuses the commands that could not be put on record with this error. `again`: the next
    /// [`derive`](Self::derive) returns the record again.
    pub(super) fn not_recorded(&mut self, error: RequestError, again: bool) {
        let unrecorded = self.accepted.iter_mut().filter(|accepted| **accepted == Err(RequestError::Busy));
        unrecorded.for_each(|accepted| *accepted = Err(error));
        if again {
            self.derived_from = None;
        }
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

impl<'a> Voters<'a> {
    fn new(
        me: MemberId,
        voters: &[MemberId],
        resource: &str,
        announcements: &'a Announcements,
    ) -> Voters<'a> {
        let others = voters.iter().filter(|voter| **voter != me);
        Voters(others.map(|voter| (*voter, announcements.of(*voter, resource))).collect())
    }

    /// Returns the voters that have not announced the command, or not as this program has it.
    fn without(&self, method: MethodId) -> impl Iterator<Item = MemberId> + '_ {
        let has = move |announced: &Announced<'_>| announced.known.has_alike(method);
        self.0
            .iter()
            .filter(move |(_, announced)| !announced.as_ref().is_some_and(has))
            .map(|(voter, _)| *voter)
    }

    /// Returns the voters that have announced that they do not have the command, among those that take part.
    fn lacking(
        &self,
        method: MethodId,
        takes_part: impl Fn(Announced<'a>) -> bool,
    ) -> impl Iterator<Item = MemberId> {
        let lacks = move |announced: Announced<'a>| {
            announced.schema.method(method).is_none() && takes_part(announced)
        };
        self.0.iter().filter(move |(_, announced)| announced.is_some_and(&lacks)).map(|(voter, _)| *voter)
    }

    /// Returns whether this member and those that agree with it are a majority.
    fn are_majority(&self) -> bool {
        let agrees = |announced: Announced<'a>| announced.known.conflict().is_none();
        let agreeing = self.0.iter().filter(|(_, announced)| announced.is_some_and(agrees));
        2 * (1 + agreeing.count()) > self.0.len() + 1
    }
}
