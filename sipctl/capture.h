#ifndef SIPCTL_CAPTURE_H
#define SIPCTL_CAPTURE_H

#include <stdio.h>

#include "sipctl/trace.h"

/*
 * The messages of a trace for the programs of others: as a file of libpcap's format,
 * or sent to a collector in HEP 3. What went over TCP or TLS is there in clear, as
 * UDP between the same addresses: who reads captures sees the SIP at once.
 */

/* Writes the file header and a packet per message. */
void	capture_pcap(const struct trace *t, FILE *f);
/*
 * "HOST:PORT", by UDP. Returns how many were sent, or -errno after nothing was; with
 * -EINVAL and -ENOENT for a name that is none, or that nobody knows.
 */
int	capture_hep(const struct trace *t, const char *target);

#endif
