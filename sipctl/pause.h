#ifndef SIPCTL_PAUSE_H
#define SIPCTL_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/* From here on SIGINT and SIGTERM do not kill: they are remembered. */
void	interrupt_catch(void);
bool	interrupted(void);

/*
 * For so long, or until a signal. Between two looks at what does not tell of itself;
 * what has a descriptor is waited for with poll(2).
 */
void	pause_ms(int64_t ms);

#endif
