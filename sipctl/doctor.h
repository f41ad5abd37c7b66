#ifndef SIPCTL_DOCTOR_H
#define SIPCTL_DOCTOR_H

#include <jansson.h>

#include "common/settings.h"
#include "sipctl/sipctl.h"

/*
 * What people forget, one check each. doctor.c lists and prints them; doctor_system.c
 * looks at the machine, doctor_house.c at what is served from it.
 */
struct doctor {
	struct ctl		*c;
	const struct settings	*settings;	/* in force; never NULL */
	json_t			*rows;
	bool			 bad;		/* something was found */
};

/* All is well, in one sentence; or what is not, and the command to run next. */
void	doctor_fine(struct doctor *d, const char *check, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	doctor_finding(struct doctor *d, const char *check, const char *command,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

void	doctor_udp_drops(struct doctor *d);
void	doctor_buffers(struct doctor *d);
void	doctor_clock(struct doctor *d);
void	doctor_ports(struct doctor *d);
void	doctor_alg(struct doctor *d);
void	doctor_mtu(struct doctor *d);

void	doctor_dns(struct doctor *d);
void	doctor_certificates(struct doctor *d);
void	doctor_disk(struct doctor *d);
void	doctor_relay(struct doctor *d);

#endif
