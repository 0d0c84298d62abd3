#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_user_forwarding."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_user_forwarding
short_description: Send a user's calls to a mobile when the phone is gone, busy or unanswered
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets where the calls of an extension go in one or more of its forwarding profiles, and what goes
    with that, the mobile number and the use of softphones away from the site.
  - A PBX on a site without Internet cannot forward anything. This helps where the PBX is elsewhere,
    or has another way out.
  - Busy and unregistered are one control in the user interface of 3CX. Set O(no_answer), O(busy)
    and O(not_registered) alike, because a registration may outlive its line, and then a call rings
    at nobody instead of being seen as unregistered.
  - The other profiles of the user, which the API replaces together, are sent back as they were
    read.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  extension:
    description:
      - The extension.
    type: str
    required: true
  profile:
    description:
      - The profile, by the name of the API (V(Available), V(Away), V(Out of office), V(Custom 1),
        V(Custom 2)) or by its own.
      - V(all_available) are all that ring first, V(all_away) all that send every call elsewhere.
    type: str
    default: Available
  no_answer:
    description:
      - Where a call goes that is not answered in time, from inside and outside.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
          - V(mobile) and V(voicemail) are those of O(extension) without it.
        type: str
  busy:
    description:
      - Where a call goes while the user speaks, from inside and outside.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
          - V(mobile) and V(voicemail) are those of O(extension) without it.
        type: str
  not_registered:
    description:
      - Where a call goes while no phone of the user is registered, from inside and outside.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
          - V(mobile) and V(voicemail) are those of O(extension) without it.
        type: str
  away:
    description:
      - Where every call goes, at all hours, in a profile that sends all calls elsewhere.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
          - V(mobile) and V(voicemail) are those of O(extension) without it.
        type: str
  no_answer_timeout_s:
    description:
      - After how many seconds a call counts as not answered.
    type: int
  ring_my_mobile:
    description:
      - Whether the mobile rings together with the phones.
    type: bool
  mobile:
    description:
      - The mobile number of the user, which is written to the PBX. Destinations V(mobile) use it at
        once.
    type: str
  lan_only:
    description:
      - Whether softphones register from the local network only. A dark site needs V(false).
    type: bool
  block_tunnel:
    description:
      - Whether the tunnel of the softphones is blocked. A PBX before 20.0.9 cannot block it.
    type: bool
  push:
    description:
      - Whether calls wake up the app on a mobile.
    type: bool
  internal_calls_only:
    description:
      - Whether the extension is for internal calls only, which keeps it from forwarding outside.
    type: bool
seealso:
  - module: relais.continuity.threecx_ring_group
  - module: relais.continuity.threecx_verify
"""

EXAMPLES = r"""
- name: Forward to the mobile whatever happens to the phone
  relais.continuity.threecx_user_forwarding:
    host: pbx.example.com
    client_id: relais
    extension: "101"
    mobile: "+33 1 99 00 01 01"
    no_answer: {to: mobile}
    busy: {to: mobile}
    not_registered: {to: mobile}
    no_answer_timeout_s: 20
    lan_only: false
  delegate_to: localhost

- name: Have all calls of somebody who is away go to a colleague
  relais.continuity.threecx_user_forwarding:
    host: pbx.example.com
    client_id: relais
    extension: "101"
    profile: Away
    away: {to: extension, number: "102"}
  delegate_to: localhost
"""

RETURN = r"""
id:
  description: What the PBX calls the object; null when it does not exist.
  returned: success
  type: raw
  sample: 34
before:
  description: The object before, in the words of the options. Empty when it did not exist.
  returned: success
  type: dict
  sample:
    mobile: "+33199000101"
    profiles:
      Available:
        no_answer: {to: voicemail, number: "101"}
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    mobile: "+33199000101"
    profiles:
      Available:
        no_answer: {to: external, number: "+33199000101"}
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.destinations import OPTION
from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.users import UserForwarding

OPTIONS = {
    "extension": {"type": "str", "required": True},
    "profile": {"type": "str", "default": "Available"},
    "no_answer": OPTION,
    "busy": OPTION,
    "not_registered": OPTION,
    "away": OPTION,
    "no_answer_timeout_s": {"type": "int"},
    "ring_my_mobile": {"type": "bool"},
    "mobile": {"type": "str"},
    "lan_only": {"type": "bool"},
    "block_tunnel": {"type": "bool"},
    "push": {"type": "bool"},
    "internal_calls_only": {"type": "bool"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(UserForwarding(client, module.params), module.check_mode),
    )


if __name__ == "__main__":
    main()
