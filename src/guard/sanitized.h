// SPDX-License-Identifier: MIT
//
// Whether this is a build with sanitizers, whose runtimes do what a jail forbids.
#ifndef PV_GUARD_SANITIZED_H
#define PV_GUARD_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PV_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PV_SANITIZED true
#endif
#endif
#ifndef PV_SANITIZED
#define PV_SANITIZED false
#endif

#endif
