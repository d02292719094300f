// npm's Tandem client (@frumu/tandem-client) against the real program: routines and automations (V1).
//
//   node tandem_routines_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { patience } from './program.mjs';
import { CallCount, TandemServer, eventsUntil } from './tandem.mjs';

const server = new TandemServer();
const calls = new CallCount();
const limits = { timeout: patience };
const refusedWith = (status, code) => new RegExp(`\\(${status}\\b[^]*${code}`);
const manual = { type: 'manual' };
const mail = { entrypoint: 'connector.mail', externalIntegrationsAllowed: true };
let client;

before(async () => {
  await server.start(process.argv[2]);
  client = server.client;
  calls.watch(client.routines, 'routines');
  calls.watch(client.automations, 'automations');
});
after(() => server.stop());

// The run once it is in that state, in the words that are the same for all clients.
async function runIn(family, runId, status) {
  for (;;) {
    const record = await client[family].getRun(runId);
    if (record.run.status === status) return record;
  }
}

async function answer(text) {
  const call = await server.model.nextCall();
  call.answerWith(text);
  return call;
}

async function newRoutine(more = {}) {
  const { routine } = await client.routines.create({ name: 'Digest', schedule: manual, entrypoint: 'Say hello', ...more });
  return routine.id;
}

describe('routines', () => {
  test('are made, listed, changed and removed', limits, async () => {
    const { routine } = await client.routines.create({
      name: 'Daily digest', schedule: '0 8 * * *', prompt: 'Summarize', allowedTools: ['read'], misfirePolicy: 'run_late',
    });
    assert.equal(routine.status, 'enabled');
    assert.equal(routine.entrypoint, 'Summarize');
    assert.deepEqual(routine.allowed_tools, ['read']);
    assert.ok(routine.next_fire_at_ms > Date.now());
    const { routines, count } = await client.routines.list();
    assert.equal(count, routines.length);
    assert.ok(routines.some(({ id }) => id === routine.id));
    const paused = await client.routines.update(routine.id, { status: 'paused' });
    assert.equal(paused.id, routine.id);
    assert.equal(paused.status, 'paused');
    await client.routines.delete(routine.id);
    await assert.rejects(client.routines.delete(routine.id), refusedWith(404, 'ROUTINE_NOT_FOUND'));
    await assert.rejects(client.routines.create({ name: 'x', schedule: 'never', entrypoint: 'y' }),
      refusedWith(400, 'INVALID_ROUTINE_SCHEDULE'));
  });

  test('run now, and leave a history and artifacts', limits, async () => {
    const id = await newRoutine();
    const { ok, runId, status } = await client.routines.runNow(id);
    assert.equal(ok, true);
    assert.equal(status, 'queued');
    const call = await answer('Hello.');
    assert.ok(call.asked.some(({ text }) => text === 'Say hello'));
    const record = await runIn('routines', runId, 'completed');
    assert.equal(record.status, 'succeeded');
    assert.equal(record.runId, runId);
    assert.equal(record.run.total_tokens, 46);
    const added = await client.routines.addArtifact(runId, { uri: 's3://bucket/a', kind: 'dataset' });
    assert.equal(added.run.artifacts.length, 1);
    assert.equal((await client.routines.listArtifacts(runId)).artifacts[0].uri, 's3://bucket/a');
    assert.equal((await client.routines.getRunsForRoutine(id)).count, 1);
    assert.equal((await client.routines.listRuns({ routine_id: id, limit: 5 })).runs[0].run_id, runId);
    assert.equal((await client.routines.history(id, 5)).history[0].event, 'completed');
  });

  test('wait for humans where they reach outside', limits, async () => {
    const id = await newRoutine(mail);
    const denied = await client.routines.runNow(id);
    assert.equal(denied.status, undefined);
    assert.equal((await client.routines.denyRun(denied.runId, 'no')).run.status, 'denied');
    const approved = await client.routines.runNow(id);
    assert.equal((await client.routines.approveRun(approved.runId)).ok, true);
    await answer('Sent.');
    await runIn('routines', approved.runId, 'completed');
    const blocked = await newRoutine({ entrypoint: 'connector.mail' });
    await assert.rejects(client.routines.runNow(blocked), refusedWith(403, 'ROUTINE_POLICY_BLOCKED'));
  });

  test('are paused at work, and begin anew', limits, async () => {
    const { runId } = await client.routines.runNow(await newRoutine());
    const call = await server.model.nextCall();
    const paused = await client.routines.pauseRun(runId, 'later');
    assert.equal(paused.run.status, 'paused');
    assert.equal(paused.cancelledSessionIDs.length, 1);
    await call.closed;
    assert.equal((await client.routines.resumeRun(runId)).ok, true);
    await answer('Hello.');
    const record = await runIn('routines', runId, 'completed');
    assert.notEqual(record.run.latest_session_id, paused.cancelledSessionIDs[0]);
  });

  test('fire when they are due', limits, async () => {
    const daily = { type: 'interval', intervalMs: 86_400_000 };
    const id = await newRoutine({ schedule: daily, nextFireAtMs: Date.now() });
    await answer('Hello.');
    const { runs, count } = await client.routines.getRunsForRoutine(id);
    assert.equal(count, 1);
    assert.equal(runs[0].trigger_type, 'scheduled');
    await runIn('routines', runs[0].run_id, 'completed');
  });

  test('are told of', limits, async () => {
    const id = await newRoutine();
    const types = [];
    const reading = eventsUntil(
      ({ type }) => type === 'routine.deleted',
      (options) => client.routines.events({ routineId: id, ...options }),
      ({ type, properties }) => {
        assert.equal(properties.routineID, id);
        types.push(type);
      },
    );
    // The client does not say when the stream is open.
    while (types.length === 0) await client.routines.update(id, { name: 'Told' });
    await client.routines.delete(id);
    await reading;
    assert.deepEqual([...new Set(types)], ['routine.updated', 'routine.deleted']);
  });
});

describe('automations', () => {
  test('are made, run, approved, denied, paused and removed', limits, async () => {
    const { automation } = await client.automations.create({
      name: 'Scan', schedule: '0 9 * * 1',
      mission: { objective: 'Look around', success_criteria: ['A report'] },
      policy: { tool: { external_integrations_allowed: false }, approval: { requires_approval: true } },
    });
    const { id } = automation;
    assert.equal(automation.mission.objective, 'Look around');
    assert.ok((await client.automations.list()).automations.some((each) => each.id === id));
    assert.equal((await client.automations.update(id, { status: 'paused' })).status, 'paused');
    const { runId } = await client.automations.runNow(id);
    await answer('Seen.');
    assert.equal((await runIn('automations', runId, 'completed')).status, 'succeeded');
    assert.equal((await client.automations.addArtifact(runId, { uri: 'x', kind: 'link' })).ok, true);
    assert.equal((await client.automations.listArtifacts(runId)).artifacts[0].kind, 'link');
    assert.equal((await client.automations.listRuns({ automation_id: id })).count, 1);
    assert.equal((await client.automations.getRunsForAutomation(id)).count, 1);
    assert.equal((await client.automations.history(id)).history.length, 1);
    await client.automations.delete(id);
    await assert.rejects(client.automations.delete(id), refusedWith(404, 'AUTOMATION_NOT_FOUND'));
  });

  test('are decided on as routines are', limits, async () => {
    const id = await newRoutine(mail);
    const denied = await client.automations.runNow(id);
    assert.equal((await client.automations.denyRun(denied.runId)).run.status, 'denied');
    const { runId } = await client.automations.runNow(id);
    await client.automations.approveRun(runId);
    const call = await server.model.nextCall();
    assert.equal((await client.automations.pauseRun(runId)).run.status, 'paused');
    await call.closed;
    await client.automations.resumeRun(runId);
    await answer('Sent.');
    await runIn('automations', runId, 'completed');
  });

  test('are told of in their own words', limits, async () => {
    const id = await newRoutine();
    const types = [];
    const reading = eventsUntil(
      ({ type }) => type === 'run.completed',
      (options) => client.automations.events({ automationId: id, ...options }),
      ({ type }) => types.push(type),
    );
    while (types.length === 0) await client.automations.update(id, { name: 'Told' });
    await client.automations.runNow(id);
    await answer('Done.');
    await reading;
    assert.deepEqual([...new Set(types)], ['automation.updated', 'run.started', 'run.step', 'run.completed']);
  });
});

test('every call of these was made', () => assert.deepEqual(calls.missing, []));
