/*
 * codecs - names, static payload types and qualities of RTP's encodings.
 *
 * sdp.c reads formats by them, limit.c restricts them, quality.c grades them.
 */
#include "mediad/codecs.h"

#define NAMED(s)	{ s, sizeof(s) - 1 }

/* Unknown ones are taken for G.711 with loss concealment. */
static const struct codec_info codecs[CODEC_COUNT] = {
	[CODEC_UNKNOWN]	= { NAMED(""), 0, 25 },
	[CODEC_PCMU]	= { NAMED("PCMU"), 0, 25 },
	[CODEC_PCMA]	= { NAMED("PCMA"), 0, 25 },
	[CODEC_G722]	= { NAMED("G722"), 0, 20 },
	[CODEC_G723]	= { NAMED("G723"), 15, 16 },
	[CODEC_G728]	= { NAMED("G728"), 7, 17 },
	[CODEC_G729]	= { NAMED("G729"), 11, 19 },
	[CODEC_GSM]	= { NAMED("GSM"), 20, 10 },
	[CODEC_ILBC]	= { NAMED("iLBC"), 11, 32 },
	[CODEC_OPUS]	= { NAMED("opus"), 0, 30 },
	[CODEC_AMR]	= { NAMED("AMR"), 5, 10 },
	[CODEC_AMR_WB]	= { NAMED("AMR-WB"), 1, 13 },
	[CODEC_SPEEX]	= { NAMED("speex"), 11, 20 },
};

const struct codec_info *
codec_info(enum codec c)
{
	return &codecs[c < CODEC_COUNT ? c : CODEC_UNKNOWN];
}

enum codec
codec_find(struct str name)
{
	for (unsigned i = 1; i < CODEC_COUNT; i++)
		if (str_caseeq(codecs[i].name, name))
			return (enum codec)i;
	return CODEC_UNKNOWN;
}

/* RFC 3551 tables 4 and 5. */
struct codec_static
codec_static(unsigned payload)
{
	static const struct codec_static types[] = {
		[0] = { NAMED("PCMU"), 8000 }, [3] = { NAMED("GSM"), 8000 },
		[4] = { NAMED("G723"), 8000 }, [5] = { NAMED("DVI4"), 8000 },
		[6] = { NAMED("DVI4"), 16000 }, [7] = { NAMED("LPC"), 8000 },
		[8] = { NAMED("PCMA"), 8000 }, [9] = { NAMED("G722"), 8000 },
		[10] = { NAMED("L16"), 44100 }, [11] = { NAMED("L16"), 44100 },
		[12] = { NAMED("QCELP"), 8000 }, [13] = { NAMED("CN"), 8000 },
		[14] = { NAMED("MPA"), 90000 }, [15] = { NAMED("G728"), 8000 },
		[16] = { NAMED("DVI4"), 11025 }, [17] = { NAMED("DVI4"), 22050 },
		[18] = { NAMED("G729"), 8000 }, [25] = { NAMED("CelB"), 90000 },
		[26] = { NAMED("JPEG"), 90000 }, [28] = { NAMED("nv"), 90000 },
		[31] = { NAMED("H261"), 90000 }, [32] = { NAMED("MPV"), 90000 },
		[33] = { NAMED("MP2T"), 90000 }, [34] = { NAMED("H263"), 90000 },
	};

	if (payload < sizeof(types) / sizeof(types[0]))
		return types[payload];
	return (struct codec_static){ .clock = 0 };
}

bool
codec_is_auxiliary(struct str name)
{
	static const struct str	names[] = {
		NAMED("telephone-event"), NAMED("CN"), NAMED("red"),
		NAMED("rtx"), NAMED("ulpfec"), NAMED("flexfec-03"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(names[i], name))
			return true;
	return false;
}
