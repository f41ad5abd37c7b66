/*
 * txn_rules - the four transaction machines as tables; txn.c carries them out.
 *
 * An empty cell is an event of no interest in that state. On streams the
 * retransmission timers are not started and D, I, J and K take no time: that is
 * decided where timers are started, so that one table serves all transports.
 */
#include "sipd/txn.h"

const char *const txn_states[NSTATES] = {
	[ST_NONE] = "", [ST_TRYING] = "trying", [ST_PROCEEDING] = "proceeding",
	[ST_COMPLETED] = "completed", [ST_CONFIRMED] = "confirmed",
	[ST_ACCEPTED] = "accepted", [ST_TERMINATED] = "terminated",
};

const struct txn_rule txn_rules[TXN_KINDS][NSTATES][NEVENTS] = {

/* RFC 3261 figure 7, amended by RFC 6026 section 7.1. */
[TXN_INVITE_SERVER] = {
	[ST_PROCEEDING] = {
		[EV_REQUEST]	 = { ST_PROCEEDING, DO_RESEND | DO_ABSORB },
		[EV_TU_1XX]	 = { ST_PROCEEDING, DO_SEND | DO_KEEP },
		[EV_TU_2XX]	 = { ST_ACCEPTED,   DO_SEND | DO_DROP | START_LM },
		[EV_TU_FINAL]	 = { ST_COMPLETED,  DO_SEND | DO_KEEP | START_E | START_FH },
	},
	[ST_ACCEPTED] = {
		[EV_REQUEST]	 = { ST_ACCEPTED,   DO_ABSORB },
		[EV_TU_2XX]	 = { ST_ACCEPTED,   DO_SEND },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
	[ST_COMPLETED] = {
		[EV_REQUEST]	 = { ST_COMPLETED,  DO_RESEND | DO_ABSORB },
		[EV_ACK]	 = { ST_CONFIRMED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_IK },
		[EV_RETRANSMIT]	 = { ST_COMPLETED,  DO_RESEND | START_E },
		[EV_TIMEOUT]	 = { ST_TERMINATED, DO_FAIL },
	},
	[ST_CONFIRMED] = {
		[EV_ACK]	 = { ST_CONFIRMED,  DO_ABSORB },
		[EV_REQUEST]	 = { ST_CONFIRMED,  DO_ABSORB },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
},

/* RFC 3261 figure 8. */
[TXN_SERVER] = {
	[ST_TRYING] = {
		[EV_REQUEST]	 = { ST_TRYING,     DO_ABSORB },
		[EV_TU_1XX]	 = { ST_PROCEEDING, DO_SEND | DO_KEEP },
		[EV_TU_2XX]	 = { ST_COMPLETED,  DO_SEND | DO_KEEP | START_J },
		[EV_TU_FINAL]	 = { ST_COMPLETED,  DO_SEND | DO_KEEP | START_J },
	},
	[ST_PROCEEDING] = {
		[EV_REQUEST]	 = { ST_PROCEEDING, DO_RESEND | DO_ABSORB },
		[EV_TU_1XX]	 = { ST_PROCEEDING, DO_SEND | DO_KEEP },
		[EV_TU_2XX]	 = { ST_COMPLETED,  DO_SEND | DO_KEEP | START_J },
		[EV_TU_FINAL]	 = { ST_COMPLETED,  DO_SEND | DO_KEEP | START_J },
	},
	[ST_COMPLETED] = {
		[EV_REQUEST]	 = { ST_COMPLETED,  DO_RESEND | DO_ABSORB },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
},

/* RFC 3261 figure 5, amended by RFC 6026 section 7.2. */
[TXN_INVITE_CLIENT] = {
	[ST_TRYING] = {
		[EV_BEGIN]	 = { ST_TRYING,     DO_SEND | DO_KEEP | START_A | START_B },
		[EV_RETRANSMIT]	 = { ST_TRYING,     DO_RESEND | START_A },
		[EV_TIMEOUT]	 = { ST_TERMINATED, DO_FAIL },
		[EV_SEND_FAILED] = { ST_TERMINATED, DO_FAIL },
		[EV_RX_1XX]	 = { ST_PROCEEDING, STOP_RETRANSMIT | STOP_TIMEOUT | DO_PASS },
		[EV_RX_2XX]	 = { ST_ACCEPTED,   STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_LM | DO_PASS },
		[EV_RX_FINAL]	 = { ST_COMPLETED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_ACK | START_D | DO_PASS },
	},
	[ST_PROCEEDING] = {
		[EV_RX_1XX]	 = { ST_PROCEEDING, DO_PASS },
		[EV_RX_2XX]	 = { ST_ACCEPTED,   DO_DROP | START_LM | DO_PASS },
		[EV_RX_FINAL]	 = { ST_COMPLETED,  DO_ACK | START_D | DO_PASS },
	},
	[ST_ACCEPTED] = {
		[EV_RX_2XX]	 = { ST_ACCEPTED,   DO_PASS },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
	[ST_COMPLETED] = {
		[EV_RX_FINAL]	 = { ST_COMPLETED,  DO_RESEND | DO_ABSORB },
		[EV_SEND_FAILED] = { ST_TERMINATED, 0 },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
},

/* RFC 3261 figure 6. */
[TXN_CLIENT] = {
	[ST_TRYING] = {
		[EV_BEGIN]	 = { ST_TRYING,     DO_SEND | DO_KEEP | START_E | START_FH },
		[EV_RETRANSMIT]	 = { ST_TRYING,     DO_RESEND | START_E },
		[EV_TIMEOUT]	 = { ST_TERMINATED, DO_FAIL },
		[EV_SEND_FAILED] = { ST_TERMINATED, DO_FAIL },
		[EV_RX_1XX]	 = { ST_PROCEEDING, DO_PASS },
		[EV_RX_2XX]	 = { ST_COMPLETED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_IK | DO_PASS },
		[EV_RX_FINAL]	 = { ST_COMPLETED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_IK | DO_PASS },
	},
	[ST_PROCEEDING] = {
		[EV_RETRANSMIT]	 = { ST_PROCEEDING, DO_RESEND | START_E_SLOW },
		[EV_TIMEOUT]	 = { ST_TERMINATED, DO_FAIL },
		[EV_SEND_FAILED] = { ST_TERMINATED, DO_FAIL },
		[EV_RX_1XX]	 = { ST_PROCEEDING, DO_PASS },
		[EV_RX_2XX]	 = { ST_COMPLETED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_IK | DO_PASS },
		[EV_RX_FINAL]	 = { ST_COMPLETED,  STOP_RETRANSMIT | STOP_TIMEOUT | DO_DROP | START_IK | DO_PASS },
	},
	[ST_COMPLETED] = {
		[EV_RX_2XX]	 = { ST_COMPLETED,  DO_ABSORB },
		[EV_RX_FINAL]	 = { ST_COMPLETED,  DO_ABSORB },
		[EV_END]	 = { ST_TERMINATED, 0 },
	},
},
};
