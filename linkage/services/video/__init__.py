"""The dialogue about video with every agency that has it: listed, asked for, given, refused, ended.

What is decided is the policy's (linkage.policy); what a grant is, linkage.grants; what waits for a
person, linkage.video_requests.
"""
